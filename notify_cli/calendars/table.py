"""The rows of notify.calendars, read and written."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from psycopg.types.json import Jsonb

from notify_cli import db, sql
from notify_cli.calendar.held import Former, Held, Key, Refused
from notify_cli.calendar.member import Member
from notify_cli.calendars import View
from notify_cli.keys import mark
from notify_cli.model import Meeting
from notify_cli.registry import ASSIGNED, TYPES, Method

_SQL = sql.Folder(__file__)
_AT_A_TIME = 5000  # rows in one statement
_METHODS = {method.value: method for method in Method}


def load() -> None:
    """Read the statements now, so that what was sent can be recorded whatever becomes of the files."""
    _SQL.load()


def of_groups(
    connection: db.Connection, group_ids: Collection[int], view: View, *, user_ids: Collection[int] | None = None
) -> list[tuple[Member, datetime | None]]:
    """Everybody in these groups or whose calendar holds them, only these people if they are given.

    With each comes when the last meeting of the group ends, as far as it is known. Raises DatabaseError.
    """
    if not group_ids or (user_ids is not None and not user_ids):
        return []
    params = {
        "now": view.now,
        "rehearsal": view.rehearsal,
        "mark": mark(view.rehearsal),
        "meeting_minutes": view.meeting_minutes,
        "group_ids": sorted(group_ids),
        "user_ids": None if user_ids is None else sorted(user_ids),
    }
    statement = sql.with_constants(_SQL("members"), _constants())
    found = db.rows(connection, statement, params)
    same = groupby(found, key=lambda row: (row.group_id, row.user_id))
    reader = _Reader(view.rehearsal)
    return [reader.member(list(rows)) for _, rows in same]


def write(connection: db.Connection, rows: Sequence[Held]) -> frozenset[Key]:
    """Write rows as they are now, each only if its revision is the one that was read; returns those written.

    Raises DatabaseError.
    """
    if not rows:
        return frozenset()
    params = {"rows": Jsonb([_columns(row) for row in rows])}
    written = {(row.group_id, row.user_id, row.series) for row in db.rows(connection, _SQL("write"), params)}
    keys = [row.key for row in rows]
    return frozenset(key for key in keys if (key.group_id, key.user_id, key.series) in written)


@contextmanager
def writing(connection: db.Connection, rows: Sequence[Held]) -> Iterator[None]:
    """Write rows in one transaction with what is done within this context. Raises DatabaseError."""
    if not rows:
        yield
        return
    with db.errors(), connection.transaction():
        yield
        write(connection, rows)


def note(connection: db.Connection, rows: Sequence[Held], *, rehearsal: bool) -> None:
    """Put down for these rows only what was found, not what is held. Raises DatabaseError."""
    for start in range(0, len(rows), _AT_A_TIME):
        some = rows[start : start + _AT_A_TIME]
        params = {
            "rehearsal": rehearsal,
            "group_ids": [row.key.group_id for row in some],
            "user_ids": [row.key.user_id for row in some],
            "series": [row.key.series for row in some],
            "revisions": [row.revision for row in some],
            "plans": [row.plan for row in some],
            "contacts": [row.contact for row in some],
            "look_ats": [row.look_at for row in some],
            "live_untils": [row.live_until for row in some],
            "differs": [row.differs for row in some],
            "differs_sinces": [row.differs_since for row in some],
            "possible_ats": [row.possible_at for row in some],
        }
        db.execute(connection, _SQL("note"), params)


def skip_numbers(connection: db.Connection, numbers: int, *, rehearsal: bool) -> None:
    """Let the next version of every series have a SEQUENCE that is higher by so many. Raises DatabaseError."""
    db.execute(connection, _SQL("skip_numbers"), {"numbers": numbers, "rehearsal": rehearsal})


def forget_refusals(connection: db.Connection, members: Collection[tuple[int, int]], *, rehearsal: bool) -> None:
    """Try again what was refused to these members, by group_id and user_id. Raises DatabaseError."""
    group_ids, user_ids = [group for group, _ in members], [user for _, user in members]
    params = {"group_ids": group_ids, "user_ids": user_ids, "rehearsal": rehearsal}
    db.execute(connection, _SQL("forget_refusals"), params)


def installation(connection: db.Connection) -> str:
    """The id of this installation; empty where init-db has not made one. Raises DatabaseError."""
    found = db.rows(connection, _SQL("installation"))
    return str(found[0].id) if found else ""


def closed(connection: db.Connection, notification_keys: Sequence[str]) -> dict[str, str]:
    """The keys whose delivery in the log will not be tried again, each with its status. Raises DatabaseError."""
    if not notification_keys:
        return {}
    params = {"notification_keys": list(notification_keys)}
    return {row.notification_key: row.status for row in db.rows(connection, _SQL("closed"), params)}


def _constants() -> dict[str, str]:
    kind = TYPES[ASSIGNED]
    methods = ",".join(method.value for method in kind.methods)
    return {"methods": f"{{{methods}}}", "assigned": f"{kind.subject}_%s_{kind.job}/%s/"}


class _Reader:
    """Makes members of rows. The members of a group come one after the other, and mostly hold the same meetings: then
    these are the same value, which costs nothing to make or to compare."""

    def __init__(self, rehearsal: bool) -> None:
        self._rehearsal = rehearsal
        self._lists: tuple[tuple[Meeting, ...], tuple[Meeting, ...]] = ((), ())  # of the series before

    def member(self, rows: Sequence[Any]) -> tuple[Member, datetime | None]:
        """A member, of one row per series, and when the last meeting of the group ends."""
        first = rows[0]
        member = Member(
            group_id=first.group_id,
            user_id=first.user_id,
            rehearsal=self._rehearsal,
            held=tuple(self._held(row) for row in rows if row.series is not None),
            plan=first.plan_now,
            contact=first.contact_now,
            is_active=first.is_active,
            group_is_active=first.group_is_active,
            has_channel=first.has_channel,
            email=first.email,
            by_dm=first.by_dm,
            known_since=first.known_since,
            joined_at=first.joined_at,
            is_early=first.is_early,
            told=frozenset(_METHODS[method] for method in first.told),
        )
        return member, first.ends_at

    def _held(self, row: Any) -> Held:
        if not row.repeats:
            columns = (row.meeting_ids, row.numbers, row.starts, row.minutes, row.links)
            known = (row.known_ids, row.known_numbers, row.known_starts, row.known_minutes, row.known_links)
            self._lists = (_meetings(row.group_id, *columns), _meetings(row.group_id, *known))
        meetings, known_meetings = self._lists
        refused = (row.refused_method, row.refused_address, row.refused_plan)
        return Held(
            key=Key(row.group_id, row.user_id, self._rehearsal, row.series),
            revision=row.revision,
            uid=row.uid,
            sequence=row.sequence,
            method=row.method if row.method in ("REQUEST", "CANCEL") else None,
            medium=_METHODS.get(row.medium),
            certain=row.certain,
            reminder_type=row.reminder_type,
            meetings=meetings,
            known=known_meetings,
            until=row.until,
            address=row.address,
            former=tuple(Former(*one) for one in zip(row.former_addresses, row.former_sequences, strict=False)),
            refused=None if None in refused else Refused(*refused),
            group_name=row.group_name,
            dtstamp=row.dtstamp,
            ics=row.ics,
            plan=row.plan,
            contact=row.contact,
            look_at=row.look_at,
            live_until=row.live_until,
            differs=row.differs,
            differs_since=row.differs_since,
            possible_at=row.possible_at,
            busy_until=row.busy_until,
        )


def _meetings(group_id: int, *columns: Sequence[Any] | None) -> tuple[Meeting, ...]:
    """The meetings of a row; a damaged one says nothing, and so is out of date."""
    ids, numbers, starts, minutes, links = columns
    if ids is None or starts is None or minutes is None or None in (*ids, *starts, *minutes):
        return ()
    links = links if links is not None and len(links) == len(ids) else [None] * len(ids)
    numbers = numbers if numbers is not None and len(numbers) == len(ids) else [None] * len(ids)
    return tuple(
        Meeting(meeting_id, group_id, at.astimezone(UTC), timedelta(minutes=length), number, link)
        for meeting_id, number, at, length, link in zip(ids, numbers, starts, minutes, links, strict=False)
    )


def _columns(row: Held) -> dict[str, Any]:
    """A row as write.sql takes it."""
    key, refused = row.key, row.refused
    return {
        "group_id": key.group_id,
        "user_id": key.user_id,
        "rehearsal": key.rehearsal,
        "series": key.series,
        "revision": row.revision,
        "uid": row.uid,
        "sequence": row.sequence,
        "method": row.method,
        "medium": row.medium.value if row.medium else None,
        "certain": row.certain,
        "reminder_type": row.reminder_type,
        "address": row.address,
        "group_name": row.group_name,
        "dtstamp": _at(row.dtstamp),
        "ics": row.ics,
        "until": _at(row.until),
        **_lists(row.meetings, "meeting_ids", "numbers", "starts", "minutes", "links"),
        **_lists(row.known, "known_ids", "known_numbers", "known_starts", "known_minutes", "known_links"),
        "former_addresses": [one.address for one in row.former],
        "former_sequences": [one.sequence for one in row.former],
        "refused_method": refused.method if refused else None,
        "refused_address": refused.address if refused else None,
        "refused_plan": refused.plan if refused else None,
        "plan": row.plan,
        "contact": row.contact,
        "look_at": _at(row.look_at),
        "live_until": _at(row.live_until),
        "differs": row.differs,
        "differs_since": _at(row.differs_since),
        "possible_at": _at(row.possible_at),
        "busy_until": _at(row.busy_until),
    }


def _lists(meetings: Iterable[Meeting], *names: str) -> dict[str, list[Any]]:
    rows = [
        (one.meeting_id, one.number, _at(one.starts_at), one.duration // timedelta(minutes=1), one.join_url)
        for one in meetings
    ]
    return {name: [row[place] for row in rows] for place, name in enumerate(names)}


def _at(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
