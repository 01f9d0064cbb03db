"""The Python API, as the platform's own code calls it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import dict_row

import notify_cli
from notify_cli import cancel_reminders, db, schedule_reminder, send_notification
from notify_cli.errors import ArgumentError, ConfigError, UsageError
from tests.support.candidates import stamp
from tests.support.fakes.http import Reply
from tests.support.world import World

NEWS = {"subject": "Hello", "text": "How are you?"}


@pytest.fixture(autouse=True)
def _environment(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process of the platform has the settings in its environment."""
    for name, value in world.environment().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def theirs(world: World) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    """A connection as a platform may have it: not in autocommit, rows as dictionaries."""
    with psycopg.connect(world.url, row_factory=dict_row) as connection:
        yield connection


def send(*arguments: Any, **options: Any) -> dict[str, bool]:
    return asyncio.run(send_notification(*arguments, **options))


def soon(world: World) -> datetime:
    return world.now + timedelta(hours=2)


def after(world: World) -> datetime:
    return world.now + timedelta(hours=3)


def test_it_sends_and_says_by_which_channel(world: World) -> None:
    alice = world.platform.person("alice", wants_dm=False)

    result = send(user_id=alice, message_type="welcome", context={"name": "Alice", "profile_url": "https://x.org/me"})

    assert result == {"email": True, "discord": False}
    [mail] = world.sendgrid.mails
    assert "Hi Alice," in mail["content"][0]["value"]
    assert "https://x.org/me" in mail["content"][0]["value"]


def test_a_second_call_sends_nothing_and_the_person_still_has_it(world: World) -> None:
    alice = world.platform.person("alice")
    send(alice, "welcome")

    assert send(alice, "welcome") == {"email": True, "discord": True}
    assert (len(world.sendgrid.mails), len(world.discord.messages)) == (1, 1)


def test_what_fails_for_the_moment_is_false_and_tried_again(world: World) -> None:
    alice = world.platform.person("alice")
    world.sendgrid.script([Reply(500, "out of order")])

    assert send(alice, "welcome") == {"email": False, "discord": True}

    world.forget_waiting()
    assert world.sweep().delivered == 1


def test_a_group_assignment_is_about_the_group_joined_last_with_its_invite(world: World) -> None:
    alice = world.platform.person("alice")
    badgers = world.platform.group("Badgers", members=[alice])
    otters = world.platform.group("Otters")
    joined = world.now - timedelta(minutes=1)
    world.platform.member(otters, alice, joined_at=joined)
    for group in (badgers, otters):
        world.meeting_in(group, hours=50)

    assert send(alice, "group_assigned") == {"email": True, "discord": True}

    assert f"group_{otters}_assigned/{stamp(joined)}/email/user_{alice}" in world.statuses()
    assert "Otters" in world.sendgrid.mails[0]["subject"]
    assert world.sendgrid.mails[0]["attachments"]
    assert send(alice, "group_assigned", group_id=badgers) == {"email": True, "discord": True}
    assert "Badgers" in world.sendgrid.mails[1]["subject"]
    assert world.sweep().due == 0


def test_the_event_loop_goes_on_while_it_sends(world: World) -> None:
    alice = world.platform.person("alice")
    world.sendgrid.latency = world.discord.latency = 0.2

    async def both() -> int:
        task = asyncio.ensure_future(send_notification(alice, "welcome"))
        ticks = 0
        while not task.done():
            await asyncio.sleep(0.01)
            ticks += 1
        assert await task == {"email": True, "discord": True}
        return ticks

    assert asyncio.run(both()) >= 10


def test_many_at_once_in_one_loop_are_all_sent(world: World) -> None:
    people = world.platform.people(*(f"learner{n}" for n in range(8)))

    async def everyone() -> list[dict[str, bool]]:
        return await asyncio.gather(*(send_notification(person, "welcome") for person in people))

    assert asyncio.run(everyone()) == [{"email": True, "discord": True}] * 8
    assert len(set(world.inboxes())) == 8


def test_a_type_that_is_switched_off_is_not_sent(world: World) -> None:
    alice = world.platform.person("alice")

    assert send(alice, "welcome", settings=world.settings(NOTIFY_DISABLED="welcome")) == {
        "email": False,
        "discord": False,
    }
    assert world.log() == []


def test_a_scheduled_reminder_goes_out_once_when_its_time_has_come(world: World) -> None:
    alice, bob = world.platform.people("alice", "bob")

    stored = schedule_reminder(
        job_id="spring-news", run_at=soon(world), message_type="announcement", recipients=[alice, bob], context=NEWS
    )

    assert stored == 4
    assert world.sweep().due == 0
    assert world.sweep(now=after(world)).delivered == 4
    assert world.sweep(now=after(world)).due == 0
    assert schedule_reminder("spring-news", soon(world), "announcement", [alice, bob], NEWS) == 0


def test_a_meetings_job_has_the_facts_and_the_key_of_its_rule(world: World) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    meeting = world.meeting_in(otters, hours=48)
    starts_at = world.now + timedelta(hours=48)

    schedule_reminder(
        job_id=f"meeting_{meeting}_reminder_24h",
        run_at=starts_at - timedelta(hours=24),
        message_type="meeting_reminder_24h",
        recipients=[alice],
        context={},
    )

    assert f"meeting_{meeting}_reminder_24h/{stamp(starts_at)}/email/user_{alice}" in world.statuses()
    assert world.sweep(now=starts_at - timedelta(hours=23)).by_method == {
        "email": 1,
        "discord_dm": 0,
        "discord_channel": 1,
    }
    assert "Otters" in world.sendgrid.mails[0]["subject"]


def test_a_meeting_is_rescheduled_as_the_platform_does_it(world: World) -> None:
    """Cancel everything of the meeting, then store it anew, in whichever order the meeting's row is moved."""
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice], channel=None)
    meeting = world.meeting_in(otters, hours=30)
    job = f"meeting_{meeting}_reminder_24h"
    schedule_reminder(job, world.now + timedelta(hours=6), "meeting_reminder_24h", [alice], {})

    world.platform.move(meeting, world.now + timedelta(hours=40))
    cancel_reminders(pattern=f"meeting_{meeting}_*")
    schedule_reminder(job, world.now + timedelta(hours=16), "meeting_reminder_24h", [alice], {})

    assert world.sweep(now=world.now + timedelta(hours=7)).due == 0
    assert world.sweep(now=world.now + timedelta(hours=17)).delivered == 1
    assert world.sweep(now=world.now + timedelta(hours=18)).due == 0


def test_a_job_id_that_merely_mentions_a_meeting_needs_none(world: World) -> None:
    alice = world.platform.person("alice")

    assert schedule_reminder("meeting_4711_thanks", soon(world), "announcement", [alice], NEWS) == 2
    assert world.sweep(now=after(world)).delivered == 2


def test_what_is_rolled_back_is_not_sent_and_what_is_committed_is_sent_once(
    world: World, theirs: psycopg.Connection[dict[str, Any]]
) -> None:
    alice = world.platform.person("alice", discord_id=None)

    for end, delivered in ((theirs.rollback, 0), (theirs.commit, 1), (theirs.commit, 0)):
        schedule_reminder("spring", soon(world), "announcement", [alice], NEWS, connection=theirs)
        assert world.sweep(now=after(world)).due == 0
        end()
        assert world.sweep(now=after(world)).delivered == delivered


def test_a_recipient_and_a_message_of_the_same_transaction_belong_together(
    world: World, theirs: psycopg.Connection[dict[str, Any]]
) -> None:
    with theirs.transaction():
        row = theirs.execute("insert into users (nickname, email) values ('zoe', 'zoe@example.org') returning user_id")
        zoe = (row.fetchone() or {})["user_id"]
        schedule_reminder(f"user_{zoe}_welcome", soon(world), "welcome", [zoe], {}, connection=theirs)

    assert world.sweep(now=after(world)).delivered == 1


def test_it_leaves_the_callers_connection_as_it_was(world: World, theirs: psycopg.Connection[dict[str, Any]]) -> None:
    alice = world.platform.person("alice")
    theirs.execute("create temporary table mine (id int) on commit preserve rows")
    for _ in range(8):
        schedule_reminder("spring", soon(world), "announcement", [alice], NEWS, connection=theirs)
        cancel_reminders("spring", connection=theirs)

    assert theirs.info.transaction_status is TransactionStatus.INTRANS
    assert (theirs.autocommit, theirs.row_factory) == (False, dict_row)
    assert theirs.execute("select statement from pg_prepared_statements").fetchall() == []
    assert theirs.execute("show jit").fetchone() == {"jit": "on"}
    theirs.commit()
    assert theirs.execute("select count(*) as n from mine").fetchone() == {"n": 0}


def test_an_error_leaves_the_callers_transaction_usable(
    world: World, theirs: psycopg.Connection[dict[str, Any]]
) -> None:
    bob = world.platform.person("bob")
    theirs.execute("update users set nickname = 'robert' where user_id = %s", [bob])

    with pytest.raises(UsageError):
        schedule_reminder("spring", soon(world), "announcement", [4711], NEWS, connection=theirs)
    world.connection.execute("alter view notify.people rename to gone")
    try:
        with pytest.raises(ConfigError):
            schedule_reminder("spring", soon(world), "announcement", [bob], NEWS, connection=theirs)
    finally:
        world.connection.execute("alter view notify.gone rename to people")

    theirs.commit()
    assert db.rows(world.connection, "select nickname from users")[0].nickname == "robert"


def test_a_connection_in_autocommit_stores_at_once(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    with psycopg.connect(world.url, autocommit=True) as connection:
        schedule_reminder("spring", soon(world), "announcement", [alice], NEWS, connection=connection)
        assert connection.info.transaction_status is TransactionStatus.IDLE

        assert world.sweep(now=after(world)).delivered == 1


def test_a_cancellation_joins_the_transaction_too(world: World, theirs: psycopg.Connection[dict[str, Any]]) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice], channel=None)
    meeting = world.meeting_in(otters, hours=20)

    assert cancel_reminders(f"meeting_{meeting}_*", connection=theirs) == 3
    theirs.rollback()
    assert world.sweep().delivered == 1

    assert cancel_reminders(f"meeting_{meeting}_*", connection=theirs) == 2
    theirs.commit()
    assert world.sweep(now=world.now + timedelta(hours=19, minutes=30)).due == 0


def test_within_one_transaction_the_later_word_counts(world: World, theirs: psycopg.Connection[dict[str, Any]]) -> None:
    alice = world.platform.person("alice", discord_id=None)
    for job in ("first", "second"):
        schedule_reminder(job, soon(world), "announcement", [alice], NEWS, connection=theirs)
    cancel_reminders("first", connection=theirs)
    cancel_reminders("second", connection=theirs)
    schedule_reminder("second", soon(world), "announcement", [alice], NEWS, connection=theirs)
    theirs.commit()

    world.sweep(now=after(world))

    assert [key for key, status in world.statuses().items() if status == "delivered"] == [
        f"second/-/email/user_{alice}"
    ]


def test_two_who_store_the_same_job_at_once_leave_one_message(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    start = threading.Barrier(4)

    def run() -> None:
        start.wait()
        schedule_reminder("spring", soon(world), "announcement", [alice], NEWS)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert world.sweep(now=after(world)).delivered == 1


def test_who_has_no_account_any_more_is_left_out(world: World) -> None:
    alice, frank = world.platform.people("alice", "frank")
    world.platform.update("users", {"user_id": frank}, deleted_at=world.now)

    assert schedule_reminder("spring", soon(world), "announcement", [alice, frank], NEWS) == 2

    with pytest.raises(UsageError, match=f"no user {frank}"):
        schedule_reminder("spring", soon(world), "announcement", [frank], NEWS)


def test_wishes_are_those_of_the_moment_of_sending(world: World) -> None:
    alice = world.platform.person("alice", wants_email=False)
    schedule_reminder("spring", soon(world), "announcement", [alice], NEWS)

    world.platform.update("users", {"user_id": alice}, email_notifications_enabled=True)
    world.platform.update("users", {"user_id": alice}, dm_notifications_enabled=False)

    assert world.sweep(now=after(world)).by_method == {"email": 1, "discord_dm": 0, "discord_channel": 0}


def test_numbers_are_text_and_what_is_neither_is_refused(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    schedule_reminder("spring", soon(world), "announcement", [alice], {"subject": 12, "text": 1.5})
    assert world.sweep(now=after(world)).delivered == 1
    assert world.sendgrid.mails[0]["subject"] == "12"

    for value in (None, True, ["x"], datetime.now(UTC)):
        with pytest.raises(ValueError, match="variable text"):
            schedule_reminder("other", soon(world), "announcement", [alice], {"subject": "x", "text": value})


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"run_at": datetime(2030, 1, 1, 12, 0)}, "no time zone"),  # noqa: DTZ001
    ({"run_at": "tomorrow"}, "aware datetime"),
    ({"job_id": "meeting_5/x"}, "cannot be a job id"),
    ({"job_id": ""}, "cannot be a job id"),
    ({"recipients": []}, "recipients is empty"),
    ({"recipients": ["12"]}, "not the id of a user"),
    ({"recipients": [2**63]}, "not the id of a user"),
    ({"context": {"text": None}}, "None"),
    ({"connection": "postgresql://x"}, "driver_connection"),
]


def test_a_wrong_argument_is_a_usage_error_and_a_value_error() -> None:
    right: dict[str, Any] = {
        "job_id": "spring",
        "run_at": datetime(2030, 1, 1, 12, 0, tzinfo=UTC),
        "message_type": "announcement",
        "recipients": [1],
        "context": NEWS,
    }
    for wrong, says in WRONG:
        with pytest.raises(UsageError, match=says) as caught:
            schedule_reminder(**(right | wrong))

        assert isinstance(caught.value, ValueError)


def test_an_unknown_type_or_user_and_a_missing_variable_are_usage_errors(world: World) -> None:
    alice = world.platform.person("alice")

    with pytest.raises(UsageError, match="did you mean welcome"):
        send(alice, "welcom")
    with pytest.raises(UsageError, match="no user 4711"):
        send(4711, "welcome")
    with pytest.raises(UsageError, match="text"):
        send(alice, "announcement", {"subject": "Hi"})
    assert world.log() == []


def test_storing_needs_only_the_database(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = world.platform.person("alice")
    for name in set(world.environment()) - {"DATABASE_URL"}:
        monkeypatch.delenv(name)

    assert schedule_reminder(f"user_{alice}_welcome", soon(world), "welcome", [alice]) == 2
    assert cancel_reminders(f"user_{alice}_*") == 1
    with pytest.raises(ConfigError):
        send(alice, "welcome")


def test_importing_the_package_loads_next_to_nothing() -> None:
    script = (
        "import sys, notify_cli\n"
        "assert not {'psycopg', 'typer', 'yaml', 'asyncio'} & set(sys.modules), sys.modules.keys()\n"
        "assert notify_cli.send_notification.__name__ == 'send_notification'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    with pytest.raises(AttributeError, match="nonsense"):
        getattr(notify_cli, "nonsense")  # noqa: B009


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"recipients": 5}, "not a list of user ids"),
        ({"recipients": [[1]]}, "not the id of a user"),
        ({"context": [1]}, "context is of type list"),
        ({"message_type": None}, "message_type is None"),
        ({"job_id": None}, "job_id is None"),
        ({"run_at": datetime(2020, 1, 1, tzinfo=UTC)}, "too long ago"),
    ],
)
def test_a_wrong_argument_is_named_and_stores_nothing(world: World, changed: dict[str, Any], match: str) -> None:
    alice = world.platform.person("alice")
    arguments: dict[str, Any] = {
        "job_id": "job",
        "run_at": world.now + timedelta(hours=1),
        "message_type": "welcome",
        "recipients": [alice],
    }
    with pytest.raises(ArgumentError, match=match):
        schedule_reminder(**(arguments | changed), settings=world.settings())
    assert world.log() == []
