"""Checks of how email goes out, beyond the provider's account."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from notify_cli import db, sql, times
from notify_cli.check import Check, fault, remark
from notify_cli.config import ENVIRONMENT, SENDGRID, Settings

_SQL = sql.Folder(__file__)


def reconciled(connection: db.Connection, settings: Settings) -> Iterator[Check]:
    """Whether somebody reads what bounced. Raises DatabaseError."""
    if settings.outbox is not None or SENDGRID not in (settings.email_url, settings.email_fallback_url):
        return
    [row] = db.rows(connection, _SQL("reconciled"))
    if row.old:
        told = f"last run on {times.local(row.last, datetime.now(UTC))}" if row.last else "never run"
        yield remark("reconcile", f"{told}: bounces stay unnoticed", "add notify reconcile to the crontab")


def env_files(settings: Settings) -> Iterator[Check]:
    """Whether only this account can read and write the files with our keys."""
    for path in sorted({origin for origin in settings.origins.values() if origin != ENVIRONMENT}):
        if Path(path).stat().st_mode & 0o077:
            told = f"{path} has our keys, and others on this host may read it or write to it"
            yield fault("env file", told, f"chmod 600 {path}")


def answering(settings: Settings) -> Iterator[Check]:
    """Where the answers to calendar invites arrive: at the organizer, whatever REPLY_TO says (RFC 5546, 2.1.1)."""
    if settings.reply_to and settings.reply_to.casefold() != settings.from_email.casefold():
        told = f"answers to calendar invites go to {settings.from_email}, not to REPLY_TO: the organizer is the sender"
        yield remark("invites", told, f"see to it that {settings.from_email} takes mail, though nobody need read it")


def unsubscribing(settings: Settings) -> Iterator[Check]:
    """Whether a reader's link can be guessed."""
    if "{user_id}" in settings.unsubscribe_url and "{token}" not in settings.unsubscribe_url:
        told = "NOTIFY_UNSUBSCRIBE_URL has {user_id}: by counting, anybody can unsubscribe anybody"
        yield remark("unsubscribe", told, "use {token} in its place, and set NOTIFY_SECRET: docs/unsubscribe.md")
