"""Is everything in place? A line for each check, with how to mend what is wrong. Nothing is sent or written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

from notify_cli import db
from notify_cli.check import Check, fault, fine, remark
from notify_cli.config import SENDGRID, Settings, rehearsal
from notify_cli.doctor import access, database, given, mail, rows, sweeps, watch
from notify_cli.due import Policy
from notify_cli.errors import ConfigError, Line, NotifyError
from notify_cli.platform import contract

# What to do about an error that does not say so itself, by the check that met it.
_MENDS = {
    "database": "look into the log of the database's server, and run notify doctor again",
    "messages": "correct the file, then: notify preview --check",
}
_LOOK_AGAIN = "look into that first, and run notify doctor again"


def examine(settings: Settings) -> list[Check]:
    """Every check, in the order in which faults are best mended. Raises nothing that is expected."""
    accounts = _accounts(settings) if settings.outbox is None else {}
    with ThreadPoolExecutor(max(1, len(accounts))) as pool:
        # The providers answer while the database is looked at.
        asked = [(name, pool.submit(look)) for name, look in accounts.items()]
        found = [*given.complete(settings), *given.origins(settings), *given.redirects(settings)]
        found += [*mail.env_files(settings), *mail.unsubscribing(settings), *mail.answering(settings)]
        found += _guarded("switched off", lambda: given.switched_off(settings))
        found += [*_guarded("messages", lambda: _messages(settings)), *_database(settings)]
        for name, answer in asked:
            found += _guarded(name, answer.result)
    found += [_outbox(settings), watch.heartbeat(settings)]
    return [_without_secrets(check, settings) for check in found]


def _accounts(settings: Settings) -> dict[str, Callable[[], list[Check]]]:
    """How to ask each provider that the settings name about our account there."""
    from notify_cli.channels import carriers, provider_checks, providers

    carrying = dict.fromkeys(filter(None, (settings.email_url, settings.email_fallback_url)))
    accounts: dict[str, Callable[[], list[Check]]] = {}
    for url in carrying:
        if url != SENDGRID:
            accounts[carriers.name(url)] = partial(provider_checks.smtp, url, settings)
        elif settings.sendgrid_api_key:
            accounts[providers.SENDGRID] = partial(provider_checks.sendgrid, settings)
    if settings.discord_bot_token:
        accounts[providers.DISCORD] = partial(provider_checks.discord, settings)
    return accounts


def of_settings(error: ConfigError) -> list[Check]:
    """The checks where the settings themselves are wrong: nothing else can be looked at then."""
    return [_as_fault("settings", line) for line in error.lines]


def _messages(settings: Settings) -> Iterator[Check]:
    from notify_cli import messages
    from notify_cli.messages import page

    catalog = messages.load(settings.messages)
    found = messages.check(catalog)
    errors = [str(finding) for finding in found if finding.severity == "error"]
    yield from (fault("messages", line, "correct the file, or unset NOTIFY_EMAIL_BASE") for line in page.load(settings))
    yield from (_as_fault("messages", line) for line in errors)
    if not errors and found:
        warnings = "1 warning" if len(found) == 1 else f"{len(found)} warnings"
        yield remark("messages", f"{catalog.path}: no fault, {warnings}", "notify preview --check shows them")
    elif not errors:
        yield fine("messages", f"{catalog.path}: no fault")
    here = Path("messages.yaml")
    # os.path, whose answer is no where this account may not look: `sudo -u notify` in root's own folder
    if os.path.isfile(here) and not here.samefile(catalog.path):
        told = f"{here.absolute()} is not the file in use, which is {catalog.path.absolute()}"
        yield remark("messages", told, f"set NOTIFY_MESSAGES={here.absolute()} if it should be")


def _database(settings: Settings) -> list[Check]:
    if not settings.database_url:
        return [fault("database", "DATABASE_URL is not set", "give the platform's PostgreSQL URL")]
    found: list[Check] = []
    try:
        with db.connect(settings.database_url) as connection:
            server = database.server(connection)
            found += _guarded("rights", lambda: access.granted(connection))
            faults = contract.faults(connection)
            found += [*database.views(connection, faults), *database.log(connection, faults)]
            found += [*access.visible(connection), *access.ids(connection)]
            if all(check.ok for check in (*server, *found)):
                policy = Policy.of(settings)
                found += _guarded("course file", lambda: database.courses(connection, policy, settings))
                found += _guarded("sweeps", lambda: sweeps.overdue(connection, policy, settings.stops))
                found += _guarded("hosts", lambda: watch.hosts(connection))
                found += _guarded("deliveries", lambda: sweeps.arrived(connection, policy))
                found += _guarded("people", lambda: watch.reached(connection))
                found += _guarded("rehearsal", lambda: sweeps.rehearsed(connection))
                found += _guarded("rows", lambda: rows.usable(connection))
                found += _guarded("time zones", lambda: rows.zones(connection))
                found += _guarded("groups", lambda: rows.meeting(connection))
                found += _guarded("reconcile", lambda: mail.reconciled(connection, settings))
            return [*server, *found]
    except NotifyError as error:
        return [*(_as_fault("database", line) for line in error.lines), *(check for check in found if not check.ok)]


def _outbox(settings: Settings) -> Check:
    folder = settings.outbox
    if folder is None:
        return fine("outbox", "not set: messages go to the providers")
    # The nearest folder that exists must let us make the rest.
    standing = next(path for path in (folder, *folder.absolute().parents) if os.path.exists(path))
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        return fault("outbox", f"{standing} is no folder that can be written to", "mend NOTIFY_OUTBOX or its owner")
    line = next(rehearsal.lines(settings))
    return remark("outbox", line.what, line.mend)


def _guarded(check: str, look: Callable[[], Iterable[Check]]) -> list[Check]:
    try:
        return list(look())
    except NotifyError as error:
        return [_as_fault(check, line) for line in error.lines]


def _as_fault(check: str, line: str) -> Check:
    """A fault from an error's line: where it does not say what to do, that is known by the check."""
    if isinstance(line, Line) and line.mend:
        return fault(check, line.what, line.mend)
    return fault(check, line, _MENDS.get(check, _LOOK_AGAIN))


def _without_secrets(check: Check, settings: Settings) -> Check:
    detail, fix = check.detail, check.fix
    for secret in settings.secrets:
        detail, fix = detail.replace(secret, "***"), fix and fix.replace(secret, "***")
    return replace(check, detail=detail, fix=fix)
