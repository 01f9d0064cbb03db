"""Platforms in which one person is well and others each have a row that is not: see tests/support/poison.py."""

from __future__ import annotations

import itertools
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from notify_cli import db, due
from notify_cli.due import Policy, Window
from notify_cli.platform import schema
from tests.support.paths import VIEWS
from tests.support.poison import Row, Rows, plant, poisons, unguard
from tests.support.world import World

HOUR = timedelta(hours=1)
CONTRACT = re.findall(
    r"\('([\w.]+)', '(\w+)', '(\w+)', '(\w+)'", (VIEWS.parent / "contract.sql").read_text(encoding="utf-8")
)
OWN_VIEWS = {
    view: [column for relation, column, *_ in CONTRACT if relation == f"notify.{view}"]
    for view in dict.fromkeys(
        relation.removeprefix("notify.") for relation, *_ in CONTRACT if relation.startswith("notify.")
    )
}
# Each kind of column in the widest and in the narrowest type that the contract allows.
TYPES = {
    "wide": {"id": "bigint", "count": "integer", "text": "text", "boolean": "boolean", "moment": "timestamptz"},
    "narrow": {"id": "smallint", "count": "smallint", "text": "varchar", "boolean": "truth", "moment": "moment"},
}
# The optional columns of the platform's tables, which views.sql reads by name out of to_jsonb(row).
OPTIONAL = ["users.first_name", "groups.discord_server_id"]
OPTIONAL += ["meetings.duration_minutes", "meetings.meeting_number", "meetings.join_url"]
PLATFORM = schema.needed(VIEWS.read_text(encoding="utf-8"))
for _optional in OPTIONAL:
    PLATFORM[_optional.partition(".")[0]].add(_optional.partition(".")[2])
LOG = {
    table: [column for relation, column, *_ in CONTRACT if relation == table]
    for table in ("reminders_log", "reminder_recipients_log")
}
CALENDARS = {
    "notify.calendars": re.findall(
        r"^    (\w+) \w", (VIEWS.parent / "init_db" / "calendars.sql").read_text(encoding="utf-8"), re.MULTILINE
    )
}
CALENDARS["notify.calendars"].remove("primary")
# A group of victims alone: in the others', each of them would be a reader of each odd meeting.
QUIET = 2
ERIN = 4


def healthy(world: World) -> None:
    """All is due to alice (1), who is new, and a reminder to bob (2); carol (3) has nothing yet."""
    alice, bob, _ = world.platform.people("alice", "bob", "carol")
    cohort = world.platform.cohort()
    group = world.platform.group("Otters", members=[bob], cohort=cohort)
    world.platform.member(group, alice, joined_at=world.now - 30 * HOUR)
    world.platform.enrolment(alice, at=world.now - HOUR, course=1, cohort=cohort)
    world.meeting_in(group, hours=23)
    world.platform.meeting(group, world.now + 200 * HOUR)
    assert world.platform.group("Herons", cohort=cohort) == QUIET
    assert len(due.find(world.connection, Window(), Policy())) == 7


@dataclass
class Ward:
    """A healthy group in which everything is due to alice and bob, and victims with one poisoned row each."""

    world: World
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1000))

    def victim(self, table: str) -> Rows:
        """What one more person has, whose row of this table is to be poisoned."""
        raise NotImplementedError

    def poison(self, tables: Mapping[str, Collection[str]], like: Row | None = None) -> int:
        """Poison these columns of these tables with all they can hold; how many rows that makes."""
        connection = self.world.connection
        return sum(
            plant(connection, poison, self.victim(table))
            for table, columns in tables.items()
            for poison in poisons(connection, table, columns, like)
        )


class Shipped(Ward):
    """The shipped views over the platform's tables, which have no constraint any more and every optional column."""

    @classmethod
    def of(cls, world: World) -> Shipped:
        """These tables, with all that is well in them."""
        healthy(world)
        unguard(world.connection, PLATFORM)
        for column in OPTIONAL:
            table, _, name = column.partition(".")
            world.connection.execute(f"alter table {table} add if not exists {name} text".encode())
        return cls(world)

    def victim(self, table: str) -> Rows:
        n, now = next(self.numbers), self.world.now
        if table == "meetings":
            return [(table, {"meeting_id": n, "group_id": 1, "scheduled_time_utc": now + 50 * HOUR,
                "created_at": now - 900 * HOUR})]  # fmt: skip
        course, cohort, group = (n if table in ("courses", "cohorts", "groups") else 1 for _ in range(3))
        if table == "users" and n % 3:
            group = QUIET
        found: list[tuple[str, Row]] = [
            ("users", {"user_id": n, "nickname": f"v{n}", "email": f"v{n}@example.org", "discord_id": None}),
            ("courses_users", {"course_user_id": n, "user_id": n, "course_id": course, "cohort_id": cohort,
                "created_at": now - HOUR}),
            ("groups_users", {"group_user_id": n, "user_id": n, "group_id": group, "role": "participant",
                "status": "active", "joined_at": now - 900 * HOUR, "left_at": None}),
            ("lesson_sessions", {"session_id": n, "user_id": n, "lesson_id": "intro", "started_at": now - 25 * HOUR}),
        ]  # fmt: skip
        if table in ("courses_users", "lesson_sessions"):  # nothing else is about them
            found = [(name, row) for name, row in found if name in ("users", table)]
        elif table != "users":
            found = [(name, row) for name, row in found if name in ("users", "groups_users")]
        if group == n:
            found += [
                ("courses", {"course_id": n, "course_name": "Logic"}),
                ("cohorts", {"cohort_id": n, "cohort_name": "Spring", "course_id": n, "status": "active"}),
                ("groups", {"group_id": n, "group_name": f"g{n}", "cohort_id": n, "status": "active",
                    "discord_text_channel_id": str(10**17 + n)}),
                ("meetings", {"meeting_id": n, "group_id": n, "scheduled_time_utc": now + 23 * HOUR,
                    "created_at": now - 900 * HOUR}),
            ]  # fmt: skip
        return found


class Own(Ward):
    """A platform's own views, which let everything through: what the shipped ones show, and the rows of `loose`."""

    @classmethod
    def of(cls, world: World, folder: Path, kinds: str) -> Own:
        """Such views, with all that is well in them, each column in the type that `kinds` says."""
        healthy(world)
        recipients = "reminder_recipients_log"
        unguard(world.connection, [recipients])
        world.connection.execute(
            f"alter table {recipients} alter user_id type bigint, alter group_id type bigint".encode()
        )
        let_everything_through(world, folder, kinds)
        return cls(world)

    def victim(self, table: str) -> Rows:
        n, now = next(self.numbers), self.world.now
        group = n if table == "loose.groups" else QUIET if table == "loose.people" and n % 3 else 1
        found: dict[str, Row] = {
            "people": {"user_id": n, "name": f"v{n}", "email": f"v{n}@example.org", "email_enabled": True,
                "discord_id": None, "dm_enabled": True, "timezone": "UTC", "locale": "de"},
            "enrolments": {"user_id": n, "course": "AI Safety", "cohort_id": 1, "enrolled_at": now - HOUR,
                "active": True},
            "members": {"group_id": group, "user_id": n, "joined_at": now - 900 * HOUR, "left_at": None, "active": True,
                "role": "participant"},
            "lesson_sessions": {"session_id": n, "user_id": n, "lesson_id": "intro", "started_at": now - 25 * HOUR,
                "completed_at": None},
            "groups": {"group_id": n, "group_name": f"g{n}", "course": "Logic", "discord_channel_id": str(10**17 + n),
                "server_id": None, "active": True},
            "meetings": {"meeting_id": n, "group_id": group, "starts_at": now + (23 if group == n else 50) * HOUR,
                "duration_minutes": 60, "number": 1, "created_at": now - 900 * HOUR, "join_url": None},
            "attendance": {"meeting_id": 1, "user_id": n, "attending": True, "guest": False},
            "preferences": {"user_id": n, "reminder_type": "welcome", "method": "email", "enabled": True},
            "unusable": {"source": "person", "id": n, "reason": "none"},
        }  # fmt: skip
        wanted = {table.removeprefix("loose.")}
        if table not in ("loose.meetings", "loose.unusable"):
            wanted.add("people")
        if table in ("loose.people", "loose.groups"):
            wanted |= {"members", "meetings"} if group == n else {"members", "enrolments"}
        return [(f"loose.{view}", row) for view, row in found.items() if view in wanted]


class Calendars(Ward):
    """The shipped platform, whose members each have a calendar, damaged as far as its table lets it be."""

    @classmethod
    def of(cls, world: World) -> Calendars:
        """These tables, with all that is well in them."""
        healthy(world)
        return cls(world)

    def victim(self, table: str) -> Rows:
        n, now = next(self.numbers), self.world.now
        starts = [now + 23 * HOUR, now + 201 * HOUR]
        held: Row = {"group_id": 1, "user_id": n, "rehearsal": False, "series": 0, "revision": 3,
            "uid": f"group-1-user-{n}@example.org", "sequence": 2, "method": "REQUEST", "medium": "email",
            "certain": False, "reminder_type": "calendar_update", "address": f"v{n}@example.org",
            "group_name": "Otters", "dtstamp": now - 50 * HOUR, "ics": "BEGIN:VCALENDAR", "until": now + 202 * HOUR,
            "meeting_ids": [1, 2], "numbers": [1, 2], "starts": starts, "minutes": [60, 60], "links": [None, None],
            "known_ids": [1, 2], "known_numbers": [1, 2], "known_starts": starts, "known_minutes": [60, 60],
            "known_links": [None, None], "former_addresses": ["old@example.org"], "former_sequences": [1],
            "refused_method": "REQUEST", "refused_address": f"v{n}@example.org", "refused_plan": 1,
            "plan": 1, "contact": 1, "look_at": now, "live_until": now + 202 * HOUR, "differs": 1,
            "differs_since": now, "possible_at": now - 50 * HOUR, "busy_until": now - HOUR}  # fmt: skip
        return [
            ("users", {"user_id": n, "nickname": f"v{n}", "email": f"v{n}@example.org"}),
            ("groups_users", {"group_user_id": n, "user_id": n, "group_id": 1, "joined_at": now - 900 * HOUR}),
            ("notify.calendars", held),
        ]


class Log(Ward):
    """The log, in which there are more rows of ours about erin, who holds a calendar too."""

    like: Row

    def poison(self, tables: Mapping[str, Collection[str]], like: Row | None = None) -> int:
        """Poison these columns in a row of each kind."""
        planted = 0
        for kind in [like] if like else self.kinds():
            self.like = kind
            planted += super().poison(tables, kind)
        return planted

    def kinds(self) -> Iterator[Row]:
        """An invite that was sent, and one that was refused; a message that waits, and one that counts as done."""
        sent = self._invite()
        # As the log held it once; init-db still takes it over.
        calendar: Row = {"series": "group_1/user_4", "uid": "group-1-user-4@example.org", "sequence": 0,
            "method": "REQUEST", "address": "erin@example.org", "until": "2027-01-01T00:00:00+00:00",
            "occurrences": [{"starts_at": "2026-12-31T12:00:00+00:00", "seconds": 3600, "join_url": None}]}  # fmt: skip
        sent["context"] = {"calendar": calendar}
        yield sent
        yield sent | {"notification_key": None}
        refused = {name: calendar[name] for name in ("series", "sequence", "method", "address", "occurrences")}
        yield sent | {"delivery_status": "failed", "context": {"refused": refused, "refused_at": "erin@example.org"}}
        yield sent | {"delivery_status": "cancelled", "context": {"baseline": "20260101T000000Z", "waited": True}}
        stored = {"variables": {"subject": "Hello", "text": "All of you"}, "group_id": 1, "meeting_id": 2}
        now = self.world.now
        yield sent | {"delivery_status": "pending", "sent_at": None, "attempts": 0, "due_at": now, "context": stored,
            "useful_until": now + 24 * HOUR, "reminder_type": "announcement", "job_id": "hello",
            "notification_key": "hello/-/email/user_4"}  # fmt: skip

    def victim(self, table: str) -> Rows:
        n, row = next(self.numbers), dict(self.like)
        if row["notification_key"]:
            job, occurrence, *rest = row["notification_key"].split("/")
            row["notification_key"] = "/".join([job, f"{occurrence}+{n}", *rest])
        row |= {"reminder_id": n, "context": Jsonb(row["context"])}
        recipient = {"reminder_user_id": n, "reminder_id": n, "user_id": ERIN, "group_id": None}
        return [("reminders_log", row), ("reminder_recipients_log", recipient)]

    def _invite(self) -> Row:
        with self.world.connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(
                "select l.* from reminders_log l join reminder_recipients_log using (reminder_id)"
                " where job_id = 'group_1_assigned' and delivery_method = 'email' and user_id = %s",
                [ERIN],
            )
            [row] = cursor.fetchall()
        return row


def let_everything_through(world: World, folder: Path, kinds: str) -> None:
    """Give the database such views, each column in the type that `kinds` says."""
    world.connection.execute(
        b"create schema loose; create domain truth as boolean; create domain moment as timestamptz;"
        b" grant all on schema loose to platform_owner"
    )
    text, definitions = VIEWS.read_text(encoding="utf-8"), []
    for view in OWN_VIEWS:
        columns = [
            (name, TYPES[kinds][kind], need) for relation, name, kind, need in CONTRACT if relation == f"notify.{view}"
        ]
        world.connection.execute(
            f"create table loose.{view} ({', '.join(f'{name} {kind}' for name, kind, _ in columns)});"
            f" create index on loose.{view} ({columns[0][0]}); grant all on loose.{view} to platform_owner".encode()
        )
        definition = f"select {', '.join(name for name, *_ in columns)} from loose.{view}"
        if shipped := re.search(rf"create or replace view notify\.{view} as(.*?);", text, re.DOTALL):
            shown = [
                f"{name if need == 'required' or f'as {name}' in shipped[1] else 'null'}::{kind}"
                for name, kind, need in columns
            ]
            definition = f"select {', '.join(shown)} from ({shipped[1]}) as shipped union all {definition}"
        definitions.append(f"create view notify.{view} as {definition};")
    path = folder / "views.sql"
    path.write_text("\n".join(definitions), encoding="utf-8")
    world.connection.execute("drop view notify.unusable, notify.enrolments, notify.lesson_sessions cascade")
    with db.connect(world.url) as connection:
        schema.drop_views(connection)
        connection.execute("delete from notify.saved_views")
        schema.create(connection, path)
