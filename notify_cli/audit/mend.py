"""What an outage swallowed and still helps, sent late: before the meeting begins, and once per reader and meeting."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from notify_cli import db, due, keys, log
from notify_cli.audit import Audit, Finding
from notify_cli.delivery import Delivery, Verdict
from notify_cli.log import periods
from notify_cli.registry import Method
from notify_cli.sending.summary import Summary

if TYPE_CHECKING:
    from notify_cli.config import Settings
    from notify_cli.due import Policy
    from notify_cli.sending.run import Progress

_OPEN: tuple[Verdict, ...] = ("expired", "will_send")
# One reader or channel, one method, one meeting (its job's subject and id).
_Place = tuple[str, Method, str]


@dataclass(frozen=True, slots=True)
class Mending:
    """What goes out late, and what is in it: the others about the same meeting, by the job that has their content."""

    going: list[Delivery]
    absorbed: dict[Delivery, str]


def plan(connection: db.Connection, policy: Policy, audit: Audit) -> Mending:
    """What of an audit's findings still helps, judged as of now. Raises DatabaseError, ConfigError."""
    helpful = {one.notification_key: until for one in audit.findings if (until := _helps_until(one, audit.now))}
    if not helpful:
        return Mending([], {})
    concerned = [one for one in audit.findings if one.notification_key in helpful]
    eligible = _eligible(connection, policy, concerned, audit.now)
    told = _told(connection, policy, concerned)
    latest: dict[_Place, Delivery] = {}
    for one in sorted(eligible, key=lambda d: d.due_at):
        latest[_place(one.recipient, one.method, one.job_id)] = one
    going: list[Delivery] = []
    absorbed: dict[Delivery, str] = {}
    for one in eligible:
        place = _place(one.recipient, one.method, one.job_id)
        last = latest[place]
        if (later := told.get(place)) is not None and later[0] >= last.due_at:
            absorbed[one] = later[1]
        elif one.notification_key != last.notification_key:
            absorbed[one] = last.job_id
        elif one.notification_key in helpful:
            going.append(_late(one, helpful[one.notification_key]))
    # what goes out with the next sweep anyway is not absorbed, nor does it need us
    absorbed = {one: by for one, by in absorbed.items() if one.notification_key in helpful}
    return Mending(going, absorbed)


def send(
    connect: Callable[[], db.Connection],
    settings: Settings,
    policy: Policy,
    mending: Mending,
    *,
    max_runtime: float,
    stop: threading.Event | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Store what goes out, be done with what is in it, and send; what is left goes out with the next sweeps.

    Raises DatabaseError, ConfigError.
    """
    from notify_cli.sending import dispatch

    with connect() as connection, db.errors(), connection.transaction():
        stored = log.store(connection, mending.going)
        log.absorb(connection, mending.absorbed)
    going = [one for one in mending.going if one.notification_key in stored]
    summary = Summary(due=len(going))
    if going:
        deadline = time.monotonic() + max_runtime
        dispatch.deliver(connect, settings, policy, going, summary, deadline=deadline, stop=stop, progress=progress)
    return summary


def _helps_until(one: Finding, now: datetime) -> datetime | None:
    """Until when a message that came to nothing still helps; None if it does not any more."""
    if not one.expired:
        return None
    about_meeting = keys.named(one.job_id, "meeting") is not None
    starts_at = keys.time_of(keys.split(one.notification_key).occurrence) if about_meeting else None
    if starts_at is not None and one.due_at < starts_at:
        return starts_at if starts_at > now else None
    return one.useful_until if one.useful_until > now else None


def _eligible(connection: db.Connection, policy: Policy, concerned: Sequence[Finding], now: datetime) -> list[Delivery]:
    """Who would get it, were it useful yet: as everything is now. With what is due about the same meetings anyway."""
    back = now - min(one.useful_until for one in concerned)
    meetings = sorted({id_ for one in concerned if (id_ := keys.named(one.job_id, "meeting"))})
    wanted = {one.notification_key for one in concerned}
    narrowed: list[Sequence[int] | None] = [meetings, None] if meetings else [None]
    eligible: dict[str, Delivery] = {}
    for meeting_ids in narrowed:
        window = due.Window(now, since=max(back, timedelta(0)) + timedelta(minutes=1), meeting_ids=meeting_ids)
        for one in due.find(
            connection, window, policy, verdicts=_OPEN, free_only=False, looked=due.Look(), judged_from=now
        ):
            key = one.delivery.notification_key
            if one.sent_at is None and (key in wanted or one.verdict == "will_send"):
                eligible[key] = one.delivery
        if wanted <= eligible.keys() or all(keys.named(one.job_id, "meeting") for one in concerned):
            break
    return list(eligible.values())


def _told(
    connection: db.Connection, policy: Policy, concerned: Iterable[Finding]
) -> dict[_Place, tuple[datetime, str]]:
    """When the last message about a meeting was due that did go out, and its job, by reader and method."""
    first = min(one.due_at for one in concerned)
    sent = periods.sent(connection, [method.value for method in Method], first, rehearsal=policy.rehearsal)
    told: dict[_Place, tuple[datetime, str]] = {}
    for row in sent:
        parts = keys.split(row.notification_key)
        if parts.method in set(Method):
            place = _place(parts.recipient, Method(parts.method), parts.job_id)
            told[place] = max(told.get(place, (row.due_at, parts.job_id)), (row.due_at, parts.job_id))
    return told


def _place(recipient: str, method: Method, job_id: str) -> _Place:
    """What goes out once: about one meeting, or under one job where it is about none."""
    job = keys.parse(job_id)
    return recipient, method, f"meeting_{job.id}" if job and job.subject == "meeting" else job_id


def _late(one: Delivery, until: datetime) -> Delivery:
    about = {"group_id": one.group_id, "meeting_id": one.meeting_id}
    context = {"variables": {}, "late": True} | {name: id_ for name, id_ in about.items() if id_ is not None}
    return replace(one, useful_until=until, context=context)
