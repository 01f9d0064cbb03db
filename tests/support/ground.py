"""A small platform over days, told in SQL: run the SQL of a step, sweep at its time, look at what went out.

    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")

A time alone is of 4 February 2026, a Wednesday; all are UTC. Everything goes into an outbox, and from there into the
calendar of its addressee.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from notify_cli import config, db
from notify_cli.config import Settings
from notify_cli.due import Policy
from notify_cli.model import Invite
from notify_cli.sending import sweep
from notify_cli.sending.summary import Summary
from tests.support.attendee import AttendeeCalendar, Shown
from tests.support.paths import MESSAGES

_GROUND = """
    alter table meetings add duration_minutes int; alter table meetings add join_url text;
    insert into courses(course_name) values ('AI'); insert into cohorts(cohort_name, course_id) values ('W', 1);
    insert into users(nickname, email, timezone)
        values ('alice', 'alice@example.org', 'Europe/Berlin'), ('bob', 'bob@example.org', 'UTC');
    insert into groups(group_name, cohort_id, discord_text_channel_id, status) values ('Otters', 1, '900', 'active');
    create function join_at(at timestamptz, variadic who int[]) returns void language sql as
        'insert into groups_users(user_id, group_id, joined_at) select u, 1, at from unnest(who) as u';
    create function meet(made timestamptz, variadic at timestamptz[]) returns void language sql as
        'insert into meetings(group_id, scheduled_time_utc, created_at) select 1, x, made from unnest(at) as x';
    create function six() returns void language sql as $$select meet('2026-02-04 12:00Z', variadic array(
        select timestamptz '2026-02-07 12:00Z' + n * interval '168 hours' from generate_series(0, 5) n))$$;
    update notify.installation set installed_at = '2025-12-01';
"""


@dataclass(frozen=True)
class Letter:
    """An email as it lies in the outbox."""

    mail: EmailMessage

    @property
    def to(self) -> str:
        """The address it goes to."""
        return str(self.mail["To"].addresses[0].addr_spec)

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.mail["Subject"])

    @cached_property
    def text(self) -> str:
        """The plain text."""
        return self._part("text/plain")

    @cached_property
    def html(self) -> str:
        """The web version."""
        return self._part("text/html")

    @cached_property
    def ics(self) -> str:
        """The iCalendar stream, unfolded; empty if it carries none."""
        return self._part("text/calendar").replace("\r\n ", "")

    @property
    def invite(self) -> Invite:
        """The iTIP object as it was sent."""
        return Invite(self.value("METHOD"), self._part("text/calendar"))

    def value(self, name: str) -> str:
        """The first line of this name in the stream, without its parameters."""
        found = re.search(rf"^{name}(?:;(?:[^\":\r]|\"[^\"]*\")*)?:(.*?)\r?$", self.ics, re.MULTILINE)
        return found.group(1) if found else ""

    @property
    def version(self) -> tuple[str, int]:
        """METHOD and SEQUENCE."""
        return self.value("METHOD"), int(self.value("SEQUENCE"))

    @property
    def events(self) -> list[str]:
        """The VEVENTs of the stream."""
        return re.findall(r"BEGIN:VEVENT\r?\n(.*?)END:VEVENT", self.ics, re.DOTALL)

    def _part(self, kind: str) -> str:
        found = [part for part in self.mail.walk() if part.get_content_type() == kind]
        return found[0].get_payload(decode=True).decode() if found else ""  # type: ignore[union-attr]


@dataclass
class Ground:
    """The platform, its sweeps, and what came of them: letters and Discord messages of the last step, and calendars."""

    url: str
    connection: db.Connection
    outbox: Path
    environment: dict[str, str] = field(default_factory=dict)
    calendars: dict[str, AttendeeCalendar] = field(default_factory=dict)
    posts: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def of(cls, url: str, connection: db.Connection, outbox: Path, **environment: str) -> Ground:
        """The ground of every case, on an empty platform."""
        connection.execute(_GROUND.encode())
        return cls(url, connection, outbox, environment)

    def step(self, at: str, sql: str = "") -> list[Letter]:
        """Run the SQL, sweep at that time, and return the new letters, by address and SEQUENCE."""
        if sql:
            self.connection.execute(sql.encode())
        before = set(self.outbox.glob("*"))
        self.sweep(moment(at))
        new = sorted(set(self.outbox.glob("*")) - before)
        self.posts = [json.loads(path.read_text()) for path in new if path.suffix == ".json"]
        letters = [Letter(_read(path)) for path in new if path.suffix == ".eml"]
        letters.sort(key=lambda one: (one.to, one.version if one.ics else ("", 0)))
        for letter in letters:
            if letter.ics:
                self.calendars.setdefault(letter.to, AttendeeCalendar(letter.to)).receive(letter.invite)
        return letters

    @property
    def settings(self) -> Settings:
        """Those of every sweep."""
        return config.load(
            {
                "DATABASE_URL": self.url,
                "NOTIFY_OUTBOX": str(self.outbox),
                "NOTIFY_MESSAGES": str(MESSAGES),
                "NOTIFY_SETTLE_MINUTES": "0",
                "FROM_EMAIL": "course@example.org",
                "DISCORD_SERVER_ID": "1",
                "FRONTEND_URL": "https://courses.example.org",
                **self.environment,
            }
        )

    @property
    def policy(self) -> Policy:
        """What of the settings decides who is due."""
        return Policy.of(self.settings)

    def sweep(self, at: datetime) -> Summary:
        """One sweep at that time."""
        done = sweep.sweep(lambda: db.connect(self.url), self.settings, now=at)
        assert not done.faults, done.faults
        return done

    def shown(self, name: str) -> list[Shown]:
        """What the calendar of `{name}@example.org` shows."""
        calendar = self.calendars.get(f"{name}@example.org")
        return calendar.shown() if calendar else []

    def starts(self, name: str) -> list[datetime]:
        """When the meetings in that calendar start."""
        return [start.astimezone(UTC) for start, _, _ in self.shown(name)]

    def rows(self) -> list[datetime]:
        """When the group's meetings start."""
        found = self.connection.execute("select scheduled_time_utc from meetings order by 1").fetchall()
        return [at.astimezone(UTC) for (at,) in found]


def moment(at: str) -> datetime:
    """`13:00` of 4 February 2026, or `12 Feb 13:00`; UTC."""
    day, _, clock = at.rpartition(" ")
    return datetime.strptime(f"{day or '4 Feb'} 2026 {clock}", "%d %b %Y %H:%M").replace(tzinfo=UTC)


def _read(path: Path) -> EmailMessage:
    mail = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail
