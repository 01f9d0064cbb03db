"""The page: all messages, what is to come, what was, what is wrong, for people who would rather look than type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from notify_cli import __version__, db, doctor, explain, files, messages, times
from notify_cli.check import Check
from notify_cli.config import Settings, rehearsal
from notify_cli.due import Policy
from notify_cli.errors import ConfigError, UsageError
from notify_cli.page import coming, past, texts, words
from notify_cli.page.redaction import Redaction
from notify_cli.page.view import Finding, Page, Verdict

NAME = "index.html"
_MARK = '<meta name="generator" content="notify page '  # by which we know a page of ours again


def gather(
    settings: Settings, connect: Callable[[], db.Connection] | None, *, user_id: int | None = None, redact: bool = False
) -> Page:
    """All that the page says. Without a database (`connect` is None) the messages only, and what is wrong.

    With `user_id` everything is about that person. `redact` leaves out names, addresses and ids of people. A provider
    that cannot be reached is one of the findings. Raises UsageError for a person who is not there, DatabaseError,
    ConfigError where the messages file or a setting cannot be read.
    """
    now, redaction = datetime.now(UTC), Redaction(redact)
    author = texts.Author(settings, redaction, now)
    catalog = messages.load(settings.messages)
    path = redaction.words(str(catalog.path.resolve()))
    page = Page(now, times.local(now, now), __version__, path, redacted=redact)
    if connect is None:
        if user_id is not None:
            raise ConfigError("DATABASE_URL is not set: --user needs the platform's database")
        page.messages = texts.every(author, catalog, texts.sampled(author))
    else:
        with connect() as connection:
            _from_database(page, connection, author, catalog, user_id)
    page.findings = [_finding(check, redaction) for check in doctor.examine(settings)]
    page.findings = sorted(page.findings, key=lambda finding: ("fault", "note", "ok").index(finding.state))
    page.notes = [redaction.words(line.what) for line in rehearsal.lines(settings)]
    return page


def save(folder: Path, html: str) -> Path:
    """Write the page into a folder, which is made if it is not there; returns its path.

    Raises UsageError where that cannot be done, or where there is an index.html that is not a page of ours.
    """
    path = folder / NAME
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is not a folder: name one that the page may be written into")
        files.make_folder(folder)
        if not files.is_ours(path, _MARK):
            raise UsageError(f"{path} exists and is no page of notify: it is left as it is, name another folder")
        files.write(path, html.encode("utf-8", "replace"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error
    return path.resolve()


def html(page: Page) -> str:
    """The page as one document that needs nothing beside it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from notify_cli.characters import CONTROLS

    def without_controls(value: object) -> object:
        # Of its own type: what is markup already stays so.
        return type(value)(CONTROLS.sub(" ", value)) if isinstance(value, str) else value

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=without_controls,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(page=page, words=words, statuses=past.STATUSES)


def _from_database(
    page: Page, connection: db.Connection, author: texts.Author, catalog: messages.Catalog, user_id: int | None
) -> None:
    policy = Policy.of(author.settings)
    redaction, is_rehearsal = author.redaction, author.settings.rehearsal
    if user_id is None:
        subject = texts.sampled(author)
    else:
        found = explain.explain(connection, policy, user_id)
        _about(page, found, redaction)
        subject = texts.real(author, connection, user_id)
    page.messages = texts.every(author, catalog, subject)
    page.days, page.coming = coming.days(connection, policy, user_id, redaction, page.made_at)
    page.past = past.days(connection, user_id, rehearsal=is_rehearsal, now=page.made_at)
    page.totals = past.totals(page.past)
    page.failures = past.failures(connection, user_id, redaction, rehearsal=is_rehearsal, now=page.made_at)


def _about(page: Page, found: explain.Explanation, redaction: Redaction) -> None:
    """Whom the page is about, and the verdicts on them: those about no meeting, then meeting by meeting."""
    subject = found.subject
    redaction.know([subject.name])
    page.person = "a reader" if redaction.on else f"{subject.name} (user_{subject.user_id})"
    blocks = []
    for _, entries in groupby(found.entries, key=lambda entry: entry.meeting_id):
        block = list(entries)
        first = block[0]
        group = redaction.words(subject.group_name(first.group_id))
        start = times.local(first.starts_at, subject.now) if first.starts_at else "an unknown date"
        heading = "About the person" if first.meeting_id is None else f"{group}, {start}"
        verdicts = [
            Verdict(words.title(e.rule), words.verdict(e.verdict), words.kind(e.verdict), redaction.words(e.reason))
            for e in block
        ]
        blocks.append((heading, verdicts))
    page.verdicts = blocks


def _finding(check: Check, redaction: Redaction) -> Finding:
    state = "fault" if not check.ok else "note" if check.fix else "ok"
    return Finding(state, check.check, redaction.words(check.detail), redaction.words(check.fix or ""))
