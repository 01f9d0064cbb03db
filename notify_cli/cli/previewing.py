"""The command that shows a message before anybody gets it, and checks the messages file."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from notify_cli import display
from notify_cli.cli import file_watch
from notify_cli.cli.completion import complete_types
from notify_cli.cli.session import Json, session
from notify_cli.cli.values import Given, channel_option, id_option, name_option, variables
from notify_cli.errors import EXIT_FINDINGS, EXIT_OK, ConfigError, UsageError

if TYPE_CHECKING:
    from notify_cli import db
    from notify_cli.delivery import Delivery, Verdict
    from notify_cli.messages.catalog import Catalog
    from notify_cli.platform.tables import Tables
    from notify_cli.preview import Preview
    from notify_cli.preview.target import Target
    from notify_cli.registry import Method

# --user, --group and --meeting as they were typed.
Said = tuple[str | None, str | None, int | None]

# Verdicts of a rule by which its message goes out, or has gone.
_GETS_IT: tuple[Verdict, ...] = ("will_send", "retrying", "not_due_yet", "sent")

_FILE: dict[str, Any] = {"metavar": "FILE", "dir_okay": False, "allow_dash": True}


def preview(
    message_type: Annotated[
        str | None,
        typer.Argument(
            help="A message type; without one, all are listed.", metavar="TYPE", autocompletion=complete_types
        ),
    ] = None,
    user: Annotated[str | None, name_option("user", "--user", "As this person would get it.")] = None,
    meeting: Annotated[int | None, id_option("--meeting", "About this meeting.")] = None,
    group: Annotated[str | None, name_option("group", "--group", "About this group.")] = None,
    given: Given = None,
    channel: Annotated[list[str] | None, channel_option("Only this channel; may be repeated.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write the email's web version; - for stdout.", **_FILE)] = None,
    eml: Annotated[Path | None, typer.Option(help="Write the whole email; - for stdout.", **_FILE)] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again whenever the messages file changes.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Check the messages file; exit 1 if it has a fault.")] = False,
    as_json: Json = False,
) -> int:
    """Show a message as its reader will see it.

    With sample data, or with real data where a user, group or meeting is named. --check checks the messages file.
    """
    options = {"--user": user, "--meeting": meeting, "--group": group, "--set": given, "--html": html, "--eml": eml}
    if message_type is None or check:
        _refuse(options | {"--channel": channel}, "--check looks at the texts only" if check else "name a TYPE with it")
    show = partial(
        _show, message_type, (user, group, meeting), given or [], channel or [], html=html, eml=eml, as_json=as_json
    )
    if check:
        show = partial(_check, message_type, json_wanted=as_json)
    return file_watch.watch(show, _files) if watch else show()


def _show(
    message_type: str | None,
    said: Said,
    given: Sequence[str],
    channels: Sequence[str],
    *,
    html: Path | None,
    eml: Path | None,
    as_json: bool,
) -> int:
    from notify_cli import messages
    from notify_cli.display import previews

    catalog = messages.load(session.settings.messages)
    if message_type is None:
        previews.types(catalog, json_wanted=as_json)
        return EXIT_OK
    with_page = bool(as_json or html or eml)
    made, choice = _make(catalog, message_type, said, given, channels, with_page=with_page)
    if html or eml:
        _save(made, html, eml)
    if as_json or not (html or eml):
        previews.show(made, catalog.home_of(message_type).path, json_wanted=as_json)
    if choice and not (as_json or sys.stdout.isatty()):
        # The frames of a terminal and JSON have it beside the reader's name.
        display.errors([choice])
    return EXIT_OK


def _files() -> list[Path]:
    """What a preview is made of: the messages file, those of other languages beside it, the page around an email."""
    from notify_cli import messages

    main = session.settings.messages or messages.packaged_path()
    base = session.settings.email_base
    return [*main.parent.glob(f"{main.stem}*.yaml"), *([base] if base else [])]


def _check(message_type: str | None, *, json_wanted: bool) -> int:
    """Findings are the output here, also where the whole file cannot be read: elsewhere an error of configuration."""
    from notify_cli import messages
    from notify_cli.display import previews

    path = session.settings.messages or messages.packaged_path()
    try:
        catalog = messages.load(path)
    except ConfigError as error:
        previews.findings([], error.lines, path, json_wanted=json_wanted)
        return EXIT_FINDINGS
    found = messages.check(catalog)
    if message_type is not None:
        name = catalog.section(message_type).name
        found = [finding for finding in found if finding.section == name]
    previews.findings(found, [], path, json_wanted=json_wanted)
    return EXIT_FINDINGS if any(finding.severity == "error" for finding in found) else EXIT_OK


def _make(
    catalog: Catalog,
    message_type: str,
    said: Said,
    given: Sequence[str],
    channels: Sequence[str],
    *,
    with_page: bool,
) -> tuple[Preview, str]:
    """The message, and which group it is about where the reader has several.

    With sample data unless somebody or something real is named: that needs the database.
    """
    from notify_cli import preview as previewing
    from notify_cli.registry import Method

    catalog.section(message_type)
    pairs = variables(given)
    only = {method for method in Method if method.way.channel in channels} if channels else None
    withheld: str | None = None
    if said == (None, None, None):
        tables, target = _sample(message_type)
    else:
        tables, target, withheld = _real(catalog, message_type, said, pairs, only)
    settings = previewing.complete(session.settings)
    made = previewing.make(catalog, message_type, tables, target, settings, given=pairs, only=only, with_page=with_page)
    made.withheld = withheld
    if made.is_empty:
        raise UsageError(*(f"{part}: {error}" for part, error in made.errors.items()))
    return made, target.choice


def _sample(message_type: str) -> tuple[Tables, Target]:
    from notify_cli import preview as previewing
    from notify_cli.preview import sample
    from notify_cli.preview.target import SAMPLE

    settings = previewing.complete(session.settings)
    return sample.tables(datetime.now(UTC), settings, message_type), SAMPLE


def _real(
    catalog: Catalog,
    message_type: str,
    said: Said,
    given: Mapping[str, str],
    only: Collection[Method] | None,
) -> tuple[Tables, Target, str | None]:
    """With why the person who was named would not get it, if so."""
    from notify_cli import preview as previewing
    from notify_cli.due.policy import course_files
    from notify_cli.platform import batch, named
    from notify_cli.preview import target

    user, group, meeting = said
    needs = previewing.needs(catalog, message_type, given, only)
    with session.connect() as connection:
        ids = target.Named(
            None if user is None else named.user(connection, user),
            None if group is None else named.group(connection, group),
            None if meeting is None else named.meeting(connection, meeting),
        )
        found = target.find(connection, message_type, needs, ids)
        deliveries = previewing.deliveries(message_type, found, datetime.now(UTC), catalog.kind(message_type))
        courses = course_files(session.settings)()
        tables = batch.load(connection, deliveries, previewing.complete(session.settings), courses)
        wanted = [m for m in previewing.methods(catalog.section(message_type)) if only is None or m in only]
        mine = [one for one in deliveries if one.user_id is not None and one.method in wanted]
        withheld = None if user is None else _withheld(connection, message_type, found, mine, tables)
    display.errors(tables.faults)
    return tables, found, withheld


def _withheld(
    connection: db.Connection, message_type: str, target: Target, mine: Sequence[Delivery], tables: Tables
) -> str:
    """Why the reader would not get it: by what they wish and where they are, else by the verdict of its rule."""
    from notify_cli import explain
    from notify_cli.due import Policy, rule_names
    from notify_cli.preview import withheld

    policy = Policy.of(session.settings)
    reader = tables.people.get(target.user_id or 0)
    if reader is None:
        return ""
    if (told := withheld.by_their_wish(connection, policy, mine, reader.name)) or message_type not in rule_names(
        policy
    ):
        return told
    meeting_id = target.meeting_id if explain.about_meetings(message_type, policy) else None
    found = explain.explain(connection, policy, reader.user_id, meeting_id=meeting_id).entries
    about = [one for one in found if one.rule == message_type and one.group_id in (None, target.group_id)]
    if not about or any(one.verdict in _GETS_IT for one in about):
        return ""
    return f"would not be sent: {about[0].reason}"


def _save(made: Preview, html: Path | None, eml: Path | None) -> None:
    """Write the email as files. Only a file that looks like a former one is replaced."""
    from notify_cli import preview as previewing
    from notify_cli.channels import outbox

    if made.email is None:
        reason = made.errors.get("email", "it has no email_body")
        raise UsageError(f"there is no email of {made.reminder_type} to write: {reason}")
    if html:
        _write(html, made.email.html.encode(), (".html", ".htm"))
    if eml:
        settings = previewing.complete(session.settings)
        _write(eml, outbox.eml(made.email, settings, datetime.now(UTC)), (".eml",))


def _write(path: Path, content: bytes, endings: tuple[str, ...]) -> None:
    if str(path) == "-":
        display.document(content)
        return
    if os.path.exists(path) and path.suffix.lower() not in endings:
        raise UsageError(f"{path} exists and is no {endings[0]} file: it is left as it is, choose another name")
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    display.line(f"Wrote {path}.")


def _refuse(options: Mapping[str, object], why: str) -> None:
    for name, value in options.items():
        if value:
            raise UsageError(f"{name} does not go with this: {why} (see: notify preview --help)")
