"""The week to come, day by day: what goes out together is one line, whoever it is for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from notify_cli import db, keys, times
from notify_cli.delivery import Delivery
from notify_cli.due import Policy, upcoming
from notify_cli.page import words
from notify_cli.page.redaction import Redaction
from notify_cli.page.view import Coming, Day, People
from notify_cli.platform import groups

AHEAD = timedelta(days=7)
_LINES, _PEOPLE = 100, 40  # of a day, of a line

_Together = tuple[datetime, str, int | None]  # the minute, the type, the group


@dataclass(frozen=True, slots=True)
class _Called:
    """What groups and recipients are called, as far as that may be told, and when it is now."""

    groups: Mapping[int, str]
    people: Mapping[str, str]
    redaction: Redaction
    now: datetime


def days(
    connection: db.Connection, policy: Policy, user_id: int | None, redaction: Redaction, now: datetime
) -> tuple[list[Day], int]:
    """The days on which something goes out, and how many deliveries that makes. Raises DatabaseError, ConfigError."""
    found = upcoming.deliveries(connection, policy, within=AHEAD, user_id=user_id)
    rosters = groups.by_id(connection, {one.group_id for one in found if one.group_id is not None})
    called = {group_id: roster.group.name for group_id, roster in rosters.items()}
    told = _Called(called, upcoming.names(connection, found), redaction, now)
    by_day: dict[date, list[Delivery]] = defaultdict(list)
    for delivery in found:
        # What is overdue goes out with the next sweep.
        by_day[max(delivery.due_at, now).astimezone().date()].append(delivery)
    return [_day(day, by_day[day], told) for day in sorted(by_day)], len(found)


def _day(day: date, found: list[Delivery], told: _Called) -> Day:
    together: dict[_Together, list[Delivery]] = defaultdict(list)
    for one in found:
        at = max(one.due_at, told.now).replace(second=0, microsecond=0)
        together[at, one.reminder_type, one.group_id].append(one)
    ordered = sorted(together.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or 0))
    lines = [_line(key, alike, told) for key, alike in ordered]
    return Day(
        words.day(day, told.now.astimezone().date()), counted(found), lines[:_LINES], max(0, len(lines) - _LINES)
    )


def _line(key: _Together, alike: list[Delivery], told: _Called) -> Coming:
    at, reminder_type, group_id = key
    recipients = dict.fromkeys(keys.recipient(one.user_id, None) for one in alike if one.user_id is not None)
    readers = sorted((told.people.get(recipient, recipient) for recipient in recipients), key=str.casefold)
    overdue = all(one.due_at <= told.now for one in alike)
    return Coming(
        at="next sweep" if overdue else times.clock(at),
        title=words.title(reminder_type),
        about=told.redaction.words(told.groups.get(group_id or 0, "")),
        count=counted(alike),
        overdue=overdue,
        people=People.first(told.redaction.names(readers), _PEOPLE),
    )


def counted(found: Iterable[Delivery]) -> str:
    """`5 emails, 1 channel post`."""
    methods = Counter(one.method for one in found)
    told = (words.many(count, method.way.label) for method, count in sorted(methods.items(), reverse=True))
    return ", ".join(told)
