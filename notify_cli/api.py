"""The Python API, for the platform's own code: what `notify send` and `notify cancel` do, as functions.

Settings come from the environment, as for the command line, unless `settings` are given. Errors are those of
`notify_cli.errors`: UsageError (a ValueError too, where an argument is wrong whatever the tables say), ConfigError,
DatabaseError.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import psycopg

from notify_cli import config, db, manual
from notify_cli.config import Need, Settings
from notify_cli.due import Policy
from notify_cli.errors import ArgumentError
from notify_cli.manual import cancellation, plan
from notify_cli.manual.order import Order, ids, variables
from notify_cli.registry import Method
from notify_cli.sending.run import MAX_RUNTIME
from notify_cli.unsubscribe import verify_unsubscribe

__all__ = ["cancel_reminders", "schedule_reminder", "send_notification", "verify_unsubscribe"]

# By what people call the channel: the method that reaches one person.
_PERSONAL = {method.way.channel: method for method in Method if not method.way.post}
_DONE = ("delivered", "duplicate")
_log = logging.getLogger("notify_cli")


async def send_notification(
    user_id: int,
    message_type: str,
    context: Mapping[str, Any] | None = None,
    *,
    group_id: int | None = None,
    meeting_id: int | None = None,
    settings: Settings | None = None,
) -> dict[str, bool]:
    """Send one person a message now, by email and Discord as it has texts and the person wishes.

    `context` gives variables of the message, over those that are known anyway. `group_id` and `meeting_id` say what it
    is about; otherwise that is the person's own group and its next meeting.

    Returns `{"email": True, "discord": False}`: whether the person has it, now or from before. What fails for the
    moment is False, and tried again by the sweeps for as long as it is useful. The work is done in a thread: the
    running event loop is never blocked. Raises UsageError, ConfigError, DatabaseError.
    """
    order = Order(
        message_type,
        variables(context or {}),
        user_ids=ids([user_id], "user"),
        group_ids=ids([] if group_id is None else [group_id], "group"),
        meeting_id=_meeting(meeting_id),
        replace=True,
    )
    return await asyncio.to_thread(_send, order, settings or config.from_environment())


def schedule_reminder(
    job_id: str,
    run_at: datetime,
    message_type: str,
    recipients: Iterable[int],
    context: Mapping[str, Any] | None = None,
    connection: psycopg.Connection[Any] | None = None,
    *,
    group_id: int | None = None,
    meeting_id: int | None = None,
    settings: Settings | None = None,
) -> int:
    """Store a message for users, to be sent by the first sweep from `run_at` on and within 24 hours of it.

    Storing a job id again, while it waits, replaces time and content. A job id of a meeting (`meeting_456_...`) makes
    the message about that meeting. What the recipients wish, and whether they still belong to the group, is judged when
    it is sent. Who has no account any more, or is not in the group it is about, is left out.

    With `connection`, a psycopg 3 connection, the message joins the transaction that is open there and is sent if and
    only if that is committed: here it is neither committed nor rolled back.

    Returns how many deliveries wait now: one for each person and channel, none for what was sent before. Raises
    UsageError, ConfigError, DatabaseError.
    """
    if not isinstance(run_at, datetime):
        raise ArgumentError(f"run_at is {run_at!r}: give an aware datetime")
    if not isinstance(job_id, str):
        raise ArgumentError(f"job_id is {job_id!r}: give the name under which it goes out once")
    order = Order(
        message_type,
        variables(context or {}),
        user_ids=ids(recipients, "user"),
        group_ids=ids([] if group_id is None else [group_id], "group"),
        meeting_id=_meeting(meeting_id),
        at=run_at,
        job_id=job_id,
        replace=True,
        forgiving=True,
    )
    if run_at <= datetime.now(UTC) - plan.USEFUL:
        raise ArgumentError(f"run_at is {run_at.isoformat()}, too long ago: a message is useful for 24 hours")
    if not order.user_ids:
        raise ArgumentError("recipients is empty: there is nobody to send to")
    settings = settings or config.from_environment()
    with _connection(connection, settings) as joined:
        planned = plan.make(joined, settings, Policy.of(settings), order)
        results = manual.store(joined, planned)
    return sum(result.waits for result in results)


def cancel_reminders(
    pattern: str, connection: psycopg.Connection[Any] | None = None, *, settings: Settings | None = None
) -> int:
    """Cancel the jobs whose id matches a glob (`meeting_456_*`), as far as they are not sent yet, for everyone.

    That covers what is stored and what the rules would make of the tables as they are: a meeting that is moved
    afterwards reminds again. `notify cancel --undo` restores. With `connection` it joins the transaction there, see
    `schedule_reminder`. Returns how many jobs were cancelled by this call. Raises ArgumentError, DatabaseError.
    """
    settings = settings or config.from_environment()
    with _connection(connection, settings) as joined:
        return len(cancellation.cancel(joined, pattern, Policy.of(settings)))


def _send(order: Order, settings: Settings) -> dict[str, bool]:
    settings.require(Need.SENDING)
    policy = Policy.of(settings)
    connect = partial(db.connect, settings.database_url)
    try:
        with connect() as connection:
            planned = plan.make(connection, settings, policy, order)
    except plan.SwitchedOffError as error:
        _log.warning("%s", error)
        return dict.fromkeys(_PERSONAL, False)
    results, summary = manual.send(connect, settings, policy, planned, patience=MAX_RUNTIME)
    for fault in summary.faults:
        _log.error("%s", fault)
    has = {result.delivery.method.value for result in results if result.status in _DONE}
    return {channel: method in has for channel, method in _PERSONAL.items()}


@contextmanager
def _connection(given: psycopg.Connection[Any] | None, settings: Settings) -> Iterator[db.Connection]:
    """The caller's connection, within its transaction, or one of our own."""
    if given is None:
        settings.require(Need.DATABASE)
        with db.connect(settings.database_url) as own:
            yield own
        return
    if not isinstance(given, psycopg.Connection):
        raise ArgumentError(
            f"connection is a {type(given).__name__}: give a psycopg 3 Connection, which SQLAlchemy has as "
            "session.connection().connection.driver_connection"
        )
    with db.joined(given) as joined:
        yield joined


def _meeting(meeting_id: int | None) -> int | None:
    return None if meeting_id is None else ids([meeting_id], "meeting")[0]
