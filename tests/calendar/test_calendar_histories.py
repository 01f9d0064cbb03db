"""Random histories of groups, members and mail: after every sweep, each calendar equals the meetings table.

A few of them in each run of the suite, two dozen in one that is not in a hurry (`-m slow`), always the same;
`NOTIFY_HISTORIES=2000` runs so many others, new ones each time, for an hour or two.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support.attendee import Shown
from tests.support.fakes.http import Step
from tests.support.lives import ARRIVED, DOWN, LOST, REFUSED, TAKEN, WEEK, Lives, Mail, Series, stage
from tests.support.postgres import Server
from tests.support.world import World

HOUR = timedelta(hours=1)
BERLIN = ZoneInfo("Europe/Berlin")
GROUPS = 3
PEOPLE = 6
GAPS = [20, 20, 20, 60, 6 * 60, 24 * 60, 3 * 24 * 60, 8 * 24 * 60]  # minutes from one sweep to the next
STEPS: list[Step] = [TAKEN, TAKEN, REFUSED, DOWN, ARRIVED, LOST]

Change = tuple[str, int, int]


@dataclass(frozen=True)
class Stay:
    """Somebody in a group, as the tables are now."""

    active: bool
    joined_at: datetime
    address: str
    reachable: bool


@dataclass
class Member:
    """What the invites that were sent to somebody of one group come to."""

    newest: dict[str, Mail] = field(default_factory=dict)  # that may have arrived, of each series
    refused: list[tuple[Mail, Stay]] = field(default_factory=list)  # for good, and nothing may have arrived since

    @property
    def starts(self) -> frozenset[datetime]:
        """The meetings that were in the calendar, if the newest invites arrived."""
        asked = [mail.starts for mail in self.newest.values() if mail.method == "REQUEST"]
        return frozenset().union(*asked)


class History:
    """Applies changes to the platform, and compares what the tables say with what the calendars show."""

    def __init__(self, lives: Lives) -> None:
        self.lives = lives
        self.people = [lives.person(f"member{n}", timezone="Europe/Berlin") for n in range(PEOPLE)]
        self.groups = [lives.platform.group(f"Group {n}") for n in range(GROUPS)]
        self.members: dict[Series, Member] = defaultdict(Member)
        self.strays: set[tuple[Series, str]] = set()  # what was left behind at an address that was given up
        self.identities: dict[object, str] = {}
        self.sequences: dict[tuple[str, str], int] = {}
        self.seen: dict[tuple[str, Series], tuple[int, list[list[Shown]]]] = {}
        for group in self.groups:
            lives.meetings(group)
            lives.join(group, *self.people[:3])

    # Changes: each takes two numbers, whatever they are.

    def move(self, which: int, by: int) -> None:
        self._meeting("scheduled_time_utc = scheduled_time_utc + %(by)s", which, by=(by - 50) * 3 * HOUR)

    def nudge(self, which: int, by: int) -> None:
        self._meeting("scheduled_time_utc = scheduled_time_utc + %(by)s", which, by=by * timedelta(minutes=7))

    def link(self, which: int, to: int) -> None:
        self._meeting("join_url = %(url)s", which, url=f"https://meet.example.org/{to % 3}" if to % 4 else None)

    def length(self, which: int, to: int) -> None:
        self._meeting("duration_minutes = %(minutes)s", which, minutes=[None, 30, 60, 90][to % 4])

    def skip(self, which: int, _: int) -> None:
        self._execute(f"delete from meetings where meeting_id = ({self._nth('meetings')})", n=which)

    def add(self, which: int, when: int) -> None:
        self.lives.meeting(self._group(which), (when + 1) * 5 * HOUR)

    def run(self, which: int, minutes: int) -> None:
        """It began a while ago."""
        since = timedelta(minutes=minutes % 90)
        self._meeting("scheduled_time_utc = %(now)s::timestamptz - %(since)s", which, since=since)

    def fortnights(self, which: int, count: int) -> None:
        for number in range(2 + count % 5):
            self.lives.meeting(self._group(which), (1 + count % 50) * HOUR + 2 * number * WEEK)

    def by_local_clock(self, which: int, count: int) -> None:
        """Weekly at one time in Berlin, over a change of the clocks."""
        first = datetime(2026, 3, [25, 26, 28, 29][count % 4], 18, 0, tzinfo=BERLIN)
        for number in range(2 + count % 6):
            self.lives.meeting(self._group(which), (first + number * WEEK).astimezone(UTC) - self.lives.now)

    def season(self, which: int, count: int) -> None:
        self.lives.meetings(self._group(which), first=(1 + count % 50) * HOUR, count=1 + count % 5)

    def shift(self, which: int, by: int) -> None:
        sql = "update meetings set scheduled_time_utc = scheduled_time_utc + %(by)s where group_id = %(group)s"
        self._execute(sql, by=(by - 30) * HOUR, group=self._group(which))

    def clear(self, which: int, _: int) -> None:
        self.lives.platform.delete("meetings", group_id=self._group(which))

    def clear_ahead(self, which: int, _: int) -> None:
        sql = "delete from meetings where group_id = %(group)s and scheduled_time_utc > %(now)s"
        self._execute(sql, group=self._group(which), now=self.lives.now)

    def join(self, which: int, who: int) -> None:
        self.lives.join(self._group(which), self._person(who), role=["participant", "facilitator"][which % 2])

    def leave(self, which: int, how: int) -> None:
        status = ["dropped", "removed", "completed"][how % 3]
        changes = "status = %(status)s::membership_status, left_at = %(now)s"
        nth = self._nth("groups_users", "where status = 'active'")
        sql = f"update groups_users set {changes} where group_user_id = ({nth})"
        self._execute(sql, status=status, now=self.lives.now, n=which)

    def revive(self, which: int, _: int) -> None:
        nth = self._nth("groups_users", "where status <> 'active'")
        self._execute(
            f"update groups_users set status = 'active', left_at = null where group_user_id = ({nth})", n=which
        )

    def flicker(self, which: int, _: int) -> None:
        """Leaves and rejoins between two sweeps."""
        nth = self._nth("groups_users", "where status = 'active'")
        self._execute(f"update groups_users set joined_at = %(now)s where group_user_id = ({nth})", n=which)

    def email(self, who: int, on: int) -> None:
        self._update_person(who, email_notifications_enabled=[True, True, False, None][on % 4])

    def address(self, who: int, to: int) -> None:
        person = self._person(who)
        before = self._addresses()[person]
        after = [f"member{who % PEOPLE}@example.org", f"other{who % PEOPLE}@example.org"][to % 2]
        if after != before:
            self.strays |= {(series, before) for series, member in self.members.items() if series[1] == person}
        self._update_person(who, email=after)

    def account(self, who: int, alive: int) -> None:
        self._update_person(who, deleted_at=None if alive % 3 else self.lives.now)

    def rename(self, who: int, to: int) -> None:
        self._update_person(who, nickname=f'Ünnamed {to}, "Esq"; Jr')
        self.lives.platform.update("groups", {"group_id": self._group(to)}, group_name=f"Group {who}")

    def status(self, which: int, to: int) -> None:
        value = ["active", "forming", "active", "cancelled", "merged", "completed"][to % 6]
        self.lives.platform.update("groups", {"group_id": self._group(which)}, status=value)

    def erase(self, which: int, _: int) -> None:
        """The group's row goes, a new group takes its place."""
        self.lives.platform.delete("groups", group_id=self._group(which))
        self.groups[which % GROUPS] = self.lives.platform.group(f"Group {which}")
        self.season(which, which)
        self.join(which, which)

    # Sweeps

    def sweep(self, steps: Sequence[Step], gap: timedelta) -> None:
        """One sweep; if all went well, everything must be as the tables say, and a second one have nothing to do."""
        before = {series: member.starts for series, member in self.members.items()}

        def decide(mail: Mail) -> Step:
            # Not by the order of arrival, which is another each time.
            return steps[crc32(f"{mail.to} {mail.sequence}".encode()) % len(steps)] if steps else TAKEN

        sent = self.lives.sweep(after=gap, decide=decide)
        self._read(sent)
        if all(mail.step is TAKEN for mail in sent):
            # The invite to a group carries one series; others, if there must be any, follow it.
            self._read(self.lives.sweep(after=timedelta(0)))
            self._compare(before)
            again = self.lives.sweep(after=timedelta(0))
            assert not again, f"a second sweep sent {[(mail.uid, mail.sequence) for mail in again]}"

    def _read(self, sent: list[Mail]) -> None:
        stays = self._stays()
        for mail in sent:
            member, stay = self.members[mail.series], stays.get(mail.series)
            if mail.step is REFUSED and stay:
                member.refused.append((mail, stay))
            if mail.may_have_arrived:
                newest = member.newest.get(mail.uid)
                assert newest or (mail.method, mail.sequence) == ("REQUEST", 0)
                assert mail.sequence >= self.sequences.get((mail.uid, mail.to), 0)
                self.sequences[mail.uid, mail.to] = mail.sequence
                if newest is None or mail.sequence >= newest.sequence:
                    member.newest[mail.uid] = mail
                member.refused = [refused for refused in member.refused if refused[0].uid != mail.uid]
                self.strays.discard((mail.series, mail.to))
                if mail.method == "CANCEL" and stay and mail.to != stay.address:
                    continue  # at an address that was given up: its words may follow the meetings meanwhile
                for identity in ((mail.uid, mail.sequence), mail.message_id):
                    assert self.identities.setdefault(identity, mail.ics) == mail.ics, (
                        "a retry is identical to the byte"
                    )

    def _compare(self, before: dict[Series, frozenset[datetime]]) -> None:
        stays, rows = self._stays(), self.lives.all_rows()
        for series in stays.keys() | self.members.keys():
            stay, member = stays[series], self.members[series]
            wanted = self._wanted(stay, before.get(series, frozenset()), rows.get(series[0], []))
            if not stay.reachable or self._was_refused(member, stay, wanted):
                continue
            by_uid = self._shown(series, stay.address)
            shown = sorted(row for rows_of_one in by_uid for row in rows_of_one)
            ahead = [row for row in wanted if self._is_ahead(row)]
            if not ahead and not any(map(self._is_ahead, shown)):
                continue  # all is over, on either side
            if not wanted:
                assert (series, stay.address) in self.strays, f"still shown {shown} {self._told(series)}"
                continue
            assert [row for row in shown if self._is_ahead(row)] == ahead, self._told(series)
            # What is over may go from a calendar, but is never in it at a false time, as long as its series goes on.
            for rows_of_one in by_uid:
                if any(map(self._is_ahead, rows_of_one)):
                    assert set(rows_of_one) <= set(wanted), self._told(series)

    def _is_ahead(self, row: Shown) -> bool:
        return row[0] + row[1] > self.lives.now

    def _wanted(self, stay: Stay, known: frozenset[datetime], rows: list[Shown]) -> list[Shown]:
        """The meetings that belong into a calendar: all that are not over, and of the past ones those that it held."""
        if not stay.active:
            return []
        return [row for row in rows if self._is_ahead(row) or row[0] in known]

    def _was_refused(self, member: Member, stay: Stay, wanted: list[Shown]) -> bool:
        """Whether a provider refused for good what would have to be sent."""
        ahead = {row[0] for row in wanted if self._is_ahead(row)}
        for mail, then in member.refused:
            starts = {start for start in mail.starts if start in ahead or start > self.lives.now} if wanted else set()
            if (mail.method == "REQUEST") is bool(wanted) and then.address == stay.address and starts == ahead:
                return True
        return False

    def _told(self, series: Series) -> str:
        mails = [mail for mail in self.lives.mails if mail.series == series]
        return f"{series}: {[(mail.method, mail.sequence, mail.to, mail.step) for mail in mails]}"

    def _stays(self) -> dict[Series, Stay]:
        sql = """
            select gu.group_id, gu.user_id,
                bool_or(gu.status = 'active') and coalesce(bool_or(g.status in ('forming', 'active')), false),
                coalesce(min(gu.joined_at) filter (where gu.status = 'active'), min(gu.joined_at)),
                u.email, coalesce(u.email_notifications_enabled, true) and u.deleted_at is null
            from groups_users gu join users u using (user_id) join groups g using (group_id)
            group by gu.group_id, gu.user_id, u.user_id
        """
        stays = {(row[0], row[1]): Stay(*row[2:]) for row in self._fetch(sql)}
        # Of a group that is gone its people are former members.
        for series in self.members.keys() - stays.keys():
            address = self._addresses()[series[1]]
            wants = "select coalesce(email_notifications_enabled, true) and deleted_at is null from users"
            [(reachable,)] = self._fetch(f"{wants} where user_id = %s", series[1])
            stays[series] = Stay(False, self.lives.now, address, reachable)
        return stays

    def _shown(self, series: Series, address: str) -> list[list[Shown]]:
        """What the calendar at an address shows, by UID."""
        calendar = self.lives.calendars.get(address)
        # Expanding a series takes longer than a sweep.
        received = sum(mail.series == series for mail in self.lives.mails)
        if self.seen.get((address, series), (0, []))[0] != received:
            uids = calendar.uids if calendar else set()
            mine = re.compile(rf"group-{series[0]}-user-{series[1]}(-\d+)?@.*")
            shown = [calendar.shown(uid) for uid in uids if mine.fullmatch(uid) and calendar]
            self.seen[address, series] = received, shown
        return self.seen.get((address, series), (0, []))[1]

    def _addresses(self) -> dict[int, str]:
        return dict(self._fetch("select user_id, email from users"))

    def _group(self, number: int) -> int:
        return self.groups[number % GROUPS]

    def _person(self, number: int) -> int:
        return self.people[number % PEOPLE]

    def _update_person(self, who: int, **columns: object) -> None:
        self.lives.platform.update("users", {"user_id": self._person(who)}, **columns)

    def _meeting(self, change: str, which: int, **params: object) -> None:
        self._execute(f"update meetings set {change} where meeting_id = ({self._nth('meetings')})", n=which, **params)

    def _nth(self, table: str, where: str = "") -> str:
        key = {"meetings": "meeting_id", "groups_users": "group_user_id"}[table]
        rows = f"from {table} {where}"
        return f"select {key} {rows} order by {key} offset %(n)s::int % (select greatest(count(*), 1) {rows}) limit 1"

    def _fetch(self, sql: str, *params: object) -> list[Any]:
        return self.lives.world.connection.execute(sql.encode(), params).fetchall()

    def _execute(self, sql: str, **params: object) -> None:
        params.setdefault("now", self.lives.now)
        self.lives.world.connection.execute(sql.replace(" % (", " %% (").encode(), params)


OFTEN = ("move", "nudge", "skip", "add", "join", "leave")
SELDOM = (
    *("run", "fortnights", "by_local_clock"),
    *("link", "length", "season", "shift", "clear", "clear_ahead", "revive", "flicker"),
    *("email", "address", "account", "rename", "status", "erase"),
)
changes = st.tuples(st.sampled_from(OFTEN * 2 + SELDOM), st.integers(0, 99), st.integers(0, 99))
rounds = st.tuples(
    st.lists(changes, min_size=12, max_size=40),
    st.one_of(st.just([]), st.just([]), st.lists(st.sampled_from(range(len(STEPS))), max_size=8)),
    st.sampled_from(GAPS),
)
histories = st.lists(rounds, min_size=8, max_size=14)

MANY = int(os.environ.get("NOTIFY_HISTORIES", "0"))


@pytest.fixture(scope="module")
def world(server: Server, ready_template: str) -> Iterator[World]:
    """One database for all histories: a fresh one for each would take longer than the history."""
    with stage(server, ready_template) as opened:
        opened.connection.execute("update notify.installation set installed_at = '2020-01-01'")
        yield opened


@pytest.mark.timeout(0)  # by their number, each takes a second or two
@pytest.mark.parametrize("count", [6, pytest.param(25, marks=pytest.mark.slow)])
def test_every_calendar_equals_the_meetings_table(world: World, count: int) -> None:
    @settings(
        max_examples=MANY or count,
        derandomize=not MANY,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink] if MANY else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(history=histories)
    def live_through(history: list[tuple[list[Change], list[int], int]]) -> None:
        told = History(Lives.afresh(world))
        told.sweep([], timedelta(minutes=20))
        for happened, steps, minutes in history:
            for name, first, second in happened:
                change: Callable[[int, int], None] = getattr(told, name)
                change(first, second)
            told.sweep([STEPS[number] for number in steps], timedelta(minutes=minutes))
        told.sweep([], timedelta(minutes=20))
        explained = [line for line in told.lives.ignored() if not _is_harmless(line, told.lives.mails)]
        assert not explained

    live_through()


def _is_harmless(line: str, mails: list[Mail]) -> bool:
    """What a calendar may ignore: a repetition, and a CANCEL for a series that never arrived."""
    method, uid, version, reason = line.replace(":", "", 1).split(" ", 3)
    if reason == "not newer than what is held":
        return sum((mail.uid, f"seq{mail.sequence}") == (uid, version) for mail in mails if mail.may_have_arrived) > 1
    return method == "CANCEL" and reason == "unknown UID"
