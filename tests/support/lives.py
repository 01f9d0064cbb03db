"""Members and their calendars over weeks: a platform in motion, the real sweep, and what arrives in each mailbox."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from notify_cli import db
from notify_cli.model import Invite
from notify_cli.sending import sweep
from notify_cli.sending.summary import Summary
from tests.support.attendee import AttendeeCalendar, Shown
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.http import Reply, Request, Reset, Step
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.platform import NOW, Platform
from tests.support.postgres import Server
from tests.support.world import SERVER_ID, World

CALENDAR_TYPES = ("group_assigned", "calendar_update", "calendar_cancel")

# What may become of a request; in the last two cases nobody tells the sender.
TAKEN = None
REFUSED = Reply(400, {"errors": [{"message": "Does not contain a valid address.", "field": "to", "help": None}]})
DOWN = Reply(503)
ARRIVED = Reset(processed=True)
LOST = Reset()

# Longer than any wait between two attempts.
PAUSE = timedelta(minutes=20)
WEEK = timedelta(weeks=1)

Series = tuple[int, int]  # group, person

_TABLES = (
    "notify.calendars",
    "reminder_recipients_log",
    "reminders_log",
    "meetings",
    "groups_users",
    "groups",
    "cohorts",
    "courses",
    "users",
)


@contextmanager
def left_open(connection: db.Connection) -> Iterator[db.Connection]:
    """The connection, which stays open whoever closes it meanwhile."""
    vars(connection)["close"] = lambda: None
    try:
        yield connection
    finally:
        del vars(connection)["close"]


@contextmanager
def stage(server: Server, template: str) -> Iterator[World]:
    """A world for many tests in turn, in which meetings have a length and a link of their own."""
    with (
        server.database(template) as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        connection.execute("alter table meetings add duration_minutes int, add join_url text")
        yield World(url, connection, sendgrid, discord)


@dataclass(frozen=True)
class Mail:
    """An invite as the provider got it. `step` is what became of the request."""

    to: str
    message_id: str
    method: str
    ics: str
    step: Step

    @property
    def may_have_arrived(self) -> bool:
        """Taken, or nobody can tell."""
        return self.step in (TAKEN, ARRIVED, LOST)

    @cached_property
    def uid(self) -> str:
        """The UID of the series."""
        return self.value("UID") or ""

    @cached_property
    def sequence(self) -> int:
        """The SEQUENCE of this version."""
        return int(self.value("SEQUENCE") or "")

    @cached_property
    def version(self) -> tuple[int, str]:
        """What decides which of two is newer: SEQUENCE, then DTSTAMP (in UTC)."""
        return self.sequence, self.value("DTSTAMP") or ""

    @property
    def series(self) -> Series:
        """Whose series it is, by its UID."""
        _, group, _, person, *_ = self.uid.partition("@")[0].split("-")
        return int(group), int(person)

    @cached_property
    def starts(self) -> frozenset[datetime]:
        """When its meetings start."""
        calendar = AttendeeCalendar(self.to)
        calendar.receive(Invite(self.method, self.ics))
        return frozenset(start for start, _, _ in calendar.shown())

    def value(self, name: str) -> str | None:
        """The first line of this name, without its parameters."""
        found = re.search(
            rf"^{name}(?:;(?:[^\":\r]|\"[^\"]*\")*)?:(.*)\r$", self.ics.replace("\r\n ", ""), re.MULTILINE
        )
        return found and found.group(1)


@dataclass
class Lives:
    """A platform whose time is `now`. Every invite goes through real HTTP into the calendar of its addressee."""

    world: World
    now: datetime = NOW
    mails: list[Mail] = field(default_factory=list)
    calendars: dict[str, AttendeeCalendar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.platform = Platform(self.world.connection, self.now)
        self.settings = self.world.settings()
        self._seen = 0
        self._steps: list[Step] = []

    @classmethod
    def afresh(cls, world: World) -> Lives:
        """A platform of its own in a world that others have used."""
        # Child tables first. Truncating so many tables takes longer than deleting a few rows.
        for table in _TABLES:
            world.connection.execute(f"delete from {table}".encode())
        world.sendgrid.requests.clear()
        world.sendgrid.mails.clear()
        return cls(world)

    def person(self, nickname: str, **columns: Any) -> int:
        """Someone who has no Discord account, so that all there is to send is mail."""
        return self.platform.person(nickname, discord_id=None, **columns)

    def join(self, group: int, *people: int, **columns: Any) -> None:
        """They join at this moment."""
        for person in people:
            self.platform.member(group, person, joined_at=self.now, **columns)

    def leave(self, group: int, person: int, status: str = "dropped") -> None:
        """They leave at this moment, from every role."""
        self.platform.leave(group, person, status=status, at=self.now)

    def meetings(self, group: int, *, first: timedelta = timedelta(days=3), count: int = 4) -> list[int]:
        """Weekly meetings, entered at this moment."""
        return [self.meeting(group, first + week * WEEK) for week in range(count)]

    def meeting(self, group: int, ahead: timedelta, **columns: Any) -> int:
        """A meeting so far from now, entered at this moment."""
        return self.platform.meeting(group, self.now + ahead, created_at=self.now, **columns)

    def sweep(self, *steps: Step, after: timedelta = PAUSE, decide: Callable[[Mail], Step] | None = None) -> list[Mail]:
        """One sweep, some time later, whose first requests meet these steps, or what `decide` says of each.

        Returns the invites it tried to send.
        """
        self.now += after
        before = len(self.mails)
        self.run(steps, decide)
        self.collect()
        return self.mails[before:]

    def run(
        self, steps: Iterable[Step] = (), decide: Callable[[Mail], Step] | None = None, *, warm: bool = True
    ) -> Summary:
        """One sweep at this moment; `collect` reads the mail.

        `warm`: over the connection that is open already, since opening new ones takes longer than all else.
        """
        rest = iter(steps)

        def step(request: Request) -> Step:
            self._steps.append(decide(mail_of(request)) if decide else next(rest, TAKEN))
            return self._steps[-1]

        self.world.sendgrid.script(step)
        if not warm:
            return self.world.sweep(self.settings, now=self.now, types=CALENDAR_TYPES)
        with left_open(self.world.connection) as connection:
            return sweep.sweep(lambda: connection, self.settings, now=self.now, types=CALENDAR_TYPES)

    def collect(self) -> None:
        """Hand over what came through, in order of arrival."""
        requests = self.world.sendgrid.requests
        for request, step in zip(requests[self._seen :], self._steps[self._seen :], strict=True):
            mail = mail_of(request, step)
            self.mails.append(mail)
            if step in (TAKEN, ARRIVED):
                calendar = self.calendars.setdefault(mail.to, AttendeeCalendar(mail.to))
                calendar.receive(Invite(mail.method, mail.ics))
        self._seen = len(requests)
        assert not self.world.sendgrid.invalid

    def shown(self, nickname: str) -> list[Shown]:
        """The meetings in the calendar of `{nickname}@example.org`."""
        calendar = self.calendars.get(f"{nickname}@example.org")
        return calendar.shown() if calendar else []

    def rows(self, group: int) -> list[Shown]:
        """The meetings that the group has, as a calendar shows them."""
        return self.all_rows().get(group, [])

    def all_rows(self) -> dict[int, list[Shown]]:
        """The same for every group."""
        found: dict[int, list[Shown]] = defaultdict(list)
        sql = """
            select m.group_id, m.starts_at, m.duration_minutes, m.join_url, g.discord_channel_id
            from notify.meetings m join notify.groups g using (group_id)
        """
        for group, start, minutes, link, channel in self.world.connection.execute(sql):
            place = link or f"https://discord.com/channels/{SERVER_ID}/{channel}"
            length = timedelta(minutes=60 if minutes is None else minutes)
            found[group].append((start.astimezone(UTC), length, place))
        return {group: sorted(set(rows)) for group, rows in found.items()}

    def ignored(self) -> list[str]:
        """What any calendar did not apply."""
        return [line for calendar in self.calendars.values() for line in calendar.ignored]


def sequences(mails: Iterable[Mail]) -> list[tuple[str, int]]:
    """(METHOD, SEQUENCE) of each."""
    return [(mail.method, mail.sequence) for mail in mails]


def mail_of(request: Request, step: Step = TAKEN) -> Mail:
    """The invite in a request."""
    body = request.json
    [content] = [part for part in body["content"] if part["type"].startswith("text/calendar")]
    return Mail(
        to=body["personalizations"][0]["to"][0]["email"],
        message_id=body["headers"]["Message-ID"],
        method=content["type"].removeprefix("text/calendar; method="),
        ics=content["value"],
        step=step,
    )
