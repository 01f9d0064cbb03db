"""A simulated month on a course: every sweep at its minute, outages, a dead provider, edits and a restore.

Two worlds live through the same month. In the first nothing ever goes wrong: what its providers took is what should
have been told. The minutes in which nothing can be due are skipped: a sweep then would change nothing but its own time.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from notify_cli import due
from notify_cli.due import Policy
from notify_cli.manual import baseline
from notify_cli.model import fingerprint
from notify_cli.registry import CANCEL, UPDATE
from tests.support.fakes.http import Reply
from tests.support.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 2, 2, tzinfo=UTC)
END = START + 31 * DAY
COURSE = """
progression:
- lesson: one
- meeting: 1
- lesson: two
- meeting: 2
- lesson: three
- meeting: 3
"""
# What calendars should show is a state, which comes right whenever it is looked at.
STATE = (UPDATE, CANCEL)
_TABLES = ("reminders_log", "reminder_recipients_log", "notify.calendars", "notify.runs")


@dataclass(frozen=True)
class Span:
    """A time in which something is away."""

    begin: datetime
    length: timedelta

    @property
    def end(self) -> datetime:
        return self.begin + self.length

    def has(self, at: datetime) -> bool:
        """Whether it is away at that time."""
        return self.begin <= at < self.end


@dataclass
class Month:
    """What happens: `edits` are SQL by their time, `outages` those of cron, `dead` that of the email provider.

    The backup of six hours before `restored_at` is put back then.
    """

    edits: dict[datetime, str] = field(default_factory=dict)
    due: set[datetime] = field(default_factory=set)
    outages: list[Span] = field(default_factory=list)
    dead: Span = field(default_factory=lambda: Span(END, MINUTE))
    restored_at: datetime = END

    @classmethod
    def of(cls, seed: int) -> Month:
        """One that a seed makes."""
        chance = random.Random(seed)  # noqa: S311 - a course of events, not a secret
        month = cls()
        # each in a week of its own, so that each can be told from the others
        weeks = [START + number * 7 * DAY for number in range(4)]
        chance.shuffle(weeks)

        def some_time(week: datetime, hours: int) -> datetime:
            return week + timedelta(minutes=chance.randrange(60, hours * 60))

        month.outages = [
            Span(some_time(weeks[0], 20), 3 * MINUTE),
            Span(some_time(weeks[0], 20) + 2 * DAY, 3 * HOUR),
            Span(some_time(weeks[1], 40), 3 * DAY),
        ]
        month.dead = Span(some_time(weeks[2], 100), 50 * MINUTE)
        month.restored_at = some_time(weeks[3], 100) + 8 * HOUR
        month._fill(chance)
        return month

    def _fill(self, chance: random.Random) -> None:
        """People, groups, meetings, lessons; then what the platform does meanwhile, while somebody sweeps."""
        long_ago = START - 40 * DAY
        self.edits[long_ago] = f"""
            insert into courses (course_name) values ('AI');
            insert into cohorts (cohort_name, course_id) values ('W', 1);
            insert into users (nickname, email, discord_id, email_notifications_enabled) values
                ('alice', 'alice@example.org', '101', true), ('bob', 'bob@example.org', null, true),
                ('carol', 'carol@example.org', '103', false), ('dan', 'dan@example.org', '104', true),
                ('erin', null, '105', true);
            insert into users (nickname, email, discord_id)
                select 'new' || n, 'new' || n || '@example.org', '20' || n from generate_series(1, 3) as n;
            insert into groups (group_name, cohort_id, discord_text_channel_id, status) values
                ('Otters', 1, '900', 'active'), ('Herons', 1, '901', 'active');
            insert into groups_users (user_id, group_id, joined_at) values
                (1, 1, '{long_ago}'), (2, 1, '{long_ago}'), (3, 2, '{long_ago}'), (4, 2, '{long_ago}');
        """
        starts: list[datetime] = []
        for number in range(6):
            group, week = 1 + number % 2, number // 2
            start = START + (3 + 9 * week) * DAY + timedelta(minutes=chance.randrange(0, 3 * 24 * 60))
            self._at(
                long_ago,
                "insert into meetings (group_id, scheduled_time_utc, created_at)"
                f" values ({group}, '{start}', '{long_ago}')",
            )
            self._expect(start - 3 * DAY, start - DAY, start - HOUR)
            starts.append(start)
        for number in range(3):
            at = self._calm(chance)
            self._at(
                at,
                "insert into courses_users (user_id, course_id, cohort_id, created_at)"
                f" values ({6 + number}, 1, 1, '{at}')",
            )
            at = self._calm(chance)
            self._at(
                at, f"insert into lesson_sessions (user_id, lesson_id, started_at) values (5, 'trial{number}', '{at}')"
            )
            self._expect(at + 24 * HOUR)
            at = self._calm(chance)
            lesson, user = chance.choice(["one", "two", "three"]), chance.randrange(1, 5)
            self._at(
                at,
                "insert into lesson_sessions (user_id, lesson_id, started_at, completed_at)"
                f" values ({user}, '{lesson}', '{at}', '{at}')",
            )
        at = self._calm(chance)
        self._at(at, f"update groups_users set status = 'dropped', left_at = '{at}' where user_id = 4")
        # somebody changes their mind while nothing of theirs is under way
        at = self._calm(chance)
        self._at(
            at,
            "update meetings set scheduled_time_utc = scheduled_time_utc + interval '5 minutes'"
            f" where scheduled_time_utc > '{at + 4 * DAY}'",
        )
        for start in (one + 5 * MINUTE for one in starts if one > at + 4 * DAY):
            self._expect(start - 3 * DAY, start - DAY, start - HOUR)

    def _at(self, at: datetime, sql: str) -> None:
        self.edits[at] = f"{self.edits[at]}; {sql}" if at in self.edits else sql

    def _expect(self, *times: datetime) -> None:
        self.due.update(times)

    def _calm(self, chance: random.Random) -> datetime:
        """A time when somebody sweeps, nothing is dead, and no backup will forget it."""
        while True:
            at = START + timedelta(minutes=chance.randrange(60, 26 * 24 * 60))
            forgotten = Span(self.restored_at - 7 * HOUR, 8 * HOUR)
            if not any(one.has(at) or one.has(at + 3 * HOUR) for one in (*self.outages, self.dead, forgotten)):
                return at

    @property
    def ailing(self) -> Span:
        """The time in which the provider is dead, and that of the retries after it."""
        return Span(self.dead.begin, self.dead.length + 30 * MINUTE)

    def minutes(self, *, perfect: bool) -> Iterator[datetime]:
        """When to sweep, in order: in the minute after anything may be due or pass, and often near what is away."""
        times = {at + MINUTE for at in (*self.due, *self.edits) if at >= START} | {START, END}
        if not perfect:
            steps = int(self.ailing.length / (5 * MINUTE))
            times |= {self.ailing.begin + step * 5 * MINUTE for step in range(steps + 1)}
            times |= {one.end for one in self.outages} | {self.restored_at, self.restored_at - 6 * HOUR}
        for at in sorted(times):
            if START <= at <= END and (perfect or not any(one.has(at) for one in self.outages)):
                yield at


def live(world: World, month: Month, folder: Path, *, perfect: bool) -> None:
    """Let a world live through the month."""
    course = folder / "course.yaml"
    course.write_text(COURSE, encoding="utf-8")
    settings = world.settings(NOTIFY_COURSES=str(course))
    world.sendgrid.script(lambda request: Reply(503, {"errors": []}) if dead and request.method == "POST" else None)
    waiting = sorted(month.edits.items())
    backed_up = perfect
    dead = False
    for at in month.minutes(perfect=perfect):
        while waiting and waiting[0][0] <= at:
            world.connection.execute(waiting.pop(0)[1].encode())
        if not backed_up and at >= month.restored_at - 6 * HOUR:
            _back_up(world)
            backed_up = True
        if not perfect and at == month.restored_at:
            _restore(world)
            policy = Policy.of(settings)
            found = [one.delivery for one in due.find(world.connection, due.Window(at), policy, free_only=False)]
            baseline.count(world.connection, found, policy, now=at)
        before = at - MINUTE
        gap = next((one for one in month.outages if one.has(before)), None)
        idle = before if perfect or gap is None else gap.begin - MINUTE
        if perfect or not month.ailing.has(before):
            world.connection.execute("update notify.runs set last_swept_at = greatest(last_swept_at, %s)", [idle])
        dead = not perfect and month.dead.has(at)
        world.sweep(settings, now=at)


def taken(world: World) -> set[str]:
    """The fingerprints of the notification keys of all that the providers took."""
    mails = {str(mail["headers"]["Message-ID"]).strip("<>").partition("@")[0] for mail in world.sendgrid.mails}
    return mails | {str(message["nonce"]) for message in world.discord.messages}


def told(world: World) -> dict[str, str]:
    """The notification keys of what was delivered, but for calendars, by their fingerprints."""
    keys = [
        row["notification_key"]
        for row in world.log()
        if row["status"] == "delivered" and row["reminder_type"] not in STATE
    ]
    return {fingerprint(key): key for key in keys}


def _back_up(world: World) -> None:
    for table in _TABLES:
        world.connection.execute(f"create table backup_{table.replace('.', '_')} as select * from {table}".encode())


def _restore(world: World) -> None:
    for table in reversed(_TABLES):
        world.connection.execute(f"delete from {table}".encode())
    for table in _TABLES:
        world.connection.execute(f"insert into {table} select * from backup_{table.replace('.', '_')}".encode())
