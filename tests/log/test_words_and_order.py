"""`log` in the order of events and in the words of the other commands; `upcoming` as a week at a glance."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import get_args

from notify_cli import explain
from notify_cli.delivery import Verdict
from notify_cli.display import words
from tests.support.fakes.http import Reply
from tests.support.terminal import Command, on_terminal
from tests.support.world import World

TEXT = ("--set", "subject=Hi", "--set", "text=Yes")


def test_the_log_is_in_the_order_in_which_things_happened(world: World, notify: Command) -> None:
    platform, hour = world.platform, timedelta(hours=1)
    now = world.now
    for job, status, times in (
        ("c", "delivered", {"created_at": now - 9 * hour, "sent_at": now - 2 * hour}),
        ("a", "delivered", {"created_at": now - 8 * hour, "sent_at": now - 7 * hour}),
        ("d", "cancelled", {"created_at": now - hour}),
        ("b", "expired", {"created_at": now - 9 * hour, "useful_until": now - 3 * hour}),
    ):
        platform.log_row(delivery_status=status, job_id=job, notification_key=f"{job}/-/email/user_1", **times)

    found = notify("log --json").json

    assert [row["job_id"] for row in found] == ["a", "b", "c", "d"]
    assert [row["changed_at"] for row in found] == sorted(row["changed_at"] for row in found)


def test_what_failed_is_told_when_its_last_attempt_was(world: World, notify: Command) -> None:
    at = world.now - timedelta(hours=1)
    for job, tried in (("x", f"{at:%Y-%m-%dT%H:%M:%S}+00:00"), ("y", "next week"), ("z", 7)):
        value = f'"{tried}"' if isinstance(tried, str) else str(tried)
        world.platform.log_row(
            delivery_status="failed",
            created_at=world.now - timedelta(hours=9),
            sent_at=None,
            job_id=job,
            notification_key=f"{job}/-/email/user_1",
            attempts=2,
            context=f'{{"tried": [{{"at": {value}}}]}}',
        )
    found = {row["job_id"]: datetime.fromisoformat(row["changed_at"]) for row in notify("log --json").json}
    assert found["x"] == at
    assert found["y"] == found["z"] < at
    assert [row["job_id"] for row in notify("log --since 2h --json").json] == ["x"]


def test_states_have_the_words_of_send_and_explain(world: World, notify: Command) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now)
    world.sendgrid.script([Reply(503)])
    world.sweep()
    notify("send", "announcement", "--user", bob, *TEXT, "--at", "in 2 hours")

    def found(*states: str) -> list[str]:
        asked = [word for state in states for word in ("--status", state)]
        return [row["status"] for row in notify("log", *asked, "--json").json]

    assert found("retrying") == ["retrying"]
    assert found("sent") == found("delivered") == ["delivered"]
    assert found("scheduled") == found("not_due_yet") == ["scheduled", "scheduled"]
    assert found("pending") == ["retrying", "scheduled", "scheduled"]
    assert found("sent", "retrying") == ["retrying", "delivered"] or found("sent", "retrying") == [
        "delivered",
        "retrying",
    ]
    assert found("will_send") == []
    assert not {"pending"} & {row["status"] for row in notify("log --json").json}


def test_every_verdict_and_status_may_be_asked_for(notify: Command) -> None:
    assert set(explain.VERDICTS) <= set(words.STATES)
    assert set(explain.VERDICTS) == set(get_args(Verdict))
    for state in words.STATES:
        assert notify("log", "--status", state, "--json").json == []
    assert notify("log", "--status", "opted out", "--json").json == []
    assert "explain --user NAME says why" in on_terminal("log --status no_address", notify.environment)


def test_older_rows_are_counted(world: World, notify: Command) -> None:
    for number in range(7):
        world.platform.log_row(sent_at=world.now, delivery_status="delivered", job_id=f"job_{number}")
    ran = notify("log -n 3")
    assert len(ran.out.splitlines()) == 4
    assert ran.err == "4 older not shown: -n 7 shows all\n"
    assert notify("log -n 7").err == ""


def test_since_takes_words(world: World, notify: Command) -> None:
    world.platform.log_row(sent_at=world.now, delivery_status="delivered", job_id="new")
    world.platform.log_row(sent_at=world.now - timedelta(days=3), delivery_status="delivered", job_id="old")
    for since in ("yesterday", "1d", "2 days ago", "today 0:00"):
        assert [row["job_id"] for row in notify("log", "--since", since, "--json").json] == ["new"]
    assert len(notify("log", "--since", "5d", "--json").json) == 2


def test_upcoming_is_a_line_for_each_message_and_meeting_under_its_day(world: World, notify: Command) -> None:
    people = world.platform.people(*(f"learner{n}" for n in range(5)))
    otters = world.platform.group("Otters", members=people)
    meeting = world.meeting_in(otters, hours=30)
    for person in people[:3]:
        world.platform.enrolment(person, at=world.now)

    shown = on_terminal("upcoming", world.environment() | {"TZ": "UTC"}, columns=100)

    clock = f"{world.now + timedelta(hours=6):%H:%M}"
    assert f"\n{clock}  meeting_reminder_24h  Otters (group_{otters})  5 emails, post\n" in shown
    assert re.search(r"\d\d:\d\d  welcome +3 people +3 emails, 3 DMs\n", shown)
    assert shown.rstrip().endswith("18 messages to 5 people: 13 emails, 3 DMs, 2 posts")
    day = world.now + timedelta(hours=6)
    assert f"{day:%a} {day.day} {day:%b} (UTC)\n" in shown
    rows = [line.split("\t") for line in notify("upcoming").out.splitlines()]
    assert rows[0] == ["due_at", "message", "about", "goes_out", "job_id"]
    assert ["meeting_reminder_1h", f"Otters (group_{otters})", "5 emails, post", f"meeting_{meeting}_reminder_1h"] in [
        row[1:] for row in rows
    ]


def test_upcoming_all_lists_people_by_number(world: World, notify: Command) -> None:
    people = world.platform.people(*(f"learner{n}" for n in range(12)))
    world.meeting_in(world.platform.group("Otters", members=people), hours=30)
    found = [row["recipient"] for row in notify("upcoming --json").json if row["reminder_type"].endswith("24h")]
    assert found == ["group_1", *(f"user_{person}" for person in people)]
    listed = [line.split("\t")[2] for line in notify("upcoming --all").out.splitlines()[1:14]]
    assert listed[-1] == "learner11 (user_12)"


def test_upcoming_looks_as_far_as_a_moment(world: World, notify: Command) -> None:
    world.meeting_in(world.platform.group(members=[world.platform.person("alice")]), hours=24 * 4)
    until = datetime.now(UTC) + timedelta(days=3, hours=12)
    assert notify("upcoming", "--within", f"{until:%Y-%m-%dT%H:%MZ}", "--json").json
    assert notify("upcoming", "--within", "in 2 hours", "--json").json == []


def test_explain_says_what_went_out_under_the_job_id_of_a_rule(world: World, notify: Command) -> None:
    bob = world.platform.person("bob")
    world.platform.enrolment(bob, at=world.now)
    notify("send", "announcement", "--user", bob, "--job-id", f"user_{bob}_welcome", *TEXT)

    [welcome] = [row for row in notify("explain", "--user", bob, "--json").json if row["rule"] == "welcome"]

    assert welcome["reason"].endswith("what went out under its job id was announcement, sent by hand")
