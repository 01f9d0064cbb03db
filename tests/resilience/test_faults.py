"""Providers that misbehave, through the whole sweep: real PostgreSQL, real sockets, one named fault each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from typing import Any

import pytest

from notify_cli import db
from notify_cli.sending.run import Timeouts
from notify_cli.sending.summary import Summary
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.http import Close, Drip, Hang, Reply, Request, Reset, Step, Truncated
from tests.support.fakes.sendgrid import FakeSendGrid
from tests.support.postgres import Server
from tests.support.world import World

HTML = "<html><head><title>502 Bad Gateway</title></head><body>alice@example.org</body></html>"
BAN = "<html>Error 1015: You are being rate limited. Cloudflare</html>"

# What may happen to one request, and whether its email is in the mailbox all the same.
EMAIL_FAULTS: dict[str, tuple[Step, int]] = {
    "a hang": (Hang(), 0),
    "a hang after it was processed": (Hang(processed=True), 1),
    "a reset before it was processed": (Reset(), 0),
    "a reset after it was processed": (Reset(processed=True), 1),
    "a close without a word": (Close(), 0),
    "a close after it was processed": (Close(processed=True), 1),
    "a head that never ends": (Drip(where="head"), 1),
    "a truncated refusal": (Truncated(Reply(500, {"errors": [{"message": "try again later"}]})), 0),
    "a redirect": (Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), 0),
    "a 502 with a page of HTML": (Reply(502, HTML, {"Content-Type": "text/html"}), 0),
    "200 where 202 is due": (Reply(200, {}), 0),
}


@pytest.fixture
def world(world: World) -> World:
    """The world, in which a request is soon given up."""
    world.timeouts = Timeouts(request=0.8)
    return world


@pytest.fixture
def otters(world: World) -> list[int]:
    """Three people with a reminder to get by email, and their group's channel."""
    people = world.platform.people("alice", "bob", "carol")
    world.meeting_in(world.platform.group("Otters", members=people, channel="900"), hours=23)
    return people


def adds_up(summary: Summary) -> bool:
    """Everything that was due is counted once."""
    done = summary.delivered + summary.failed + summary.retrying + summary.cancelled + summary.left
    return summary.due == done and min(summary.left, summary.cancelled) >= 0


def to(request: Request) -> str:
    """To whom an email goes."""
    return str(request.json["personalizations"][0]["to"][0]["email"])


def once(wanted: Callable[[Request], bool], step: Step) -> Callable[[Request], Step]:
    """The step for the first request that is wanted, the usual answer for all others."""
    met: list[Request] = []

    def decide(request: Request) -> Step:
        if met or not wanted(request):
            return None
        met.append(request)
        return step

    return decide


def row_of(world: World, person: int, method: str = "email") -> dict[str, Any]:
    """The log's one row of this person."""
    [row] = [row for row in world.log() if row["user_id"] == person and row["method"] == method]
    return row


@pytest.fixture(scope="module")
def aftermath(server: Server, ready_template: str) -> Iterator[Aftermath]:
    """One sweep in which each fault meets somebody's email, and the next one, an hour later."""
    with (
        server.database(ready_template) as url,
        db.connect(url) as connection,
        FakeSendGrid() as sendgrid,
        FakeDiscord() as discord,
    ):
        world = World(url, connection, sendgrid, discord, Timeouts(request=0.5))
        names = {f"person{number}": name for number, name in enumerate(EMAIL_FAULTS)}
        people = dict(zip(EMAIL_FAULTS, world.platform.people(*names), strict=True))
        world.meeting_in(world.platform.group(members=people.values(), channel=None), hours=23)
        sendgrid.script(lambda request: EMAIL_FAULTS[names[to(request).split("@")[0]]][0])
        first, rows = world.sweep(), {row["user_id"]: row for row in world.log()}
        sendgrid.script([])
        idle = world.sweep()
        world.forget_waiting()
        yield Aftermath(world, people, first, rows, idle, world.sweep())


@dataclass(frozen=True)
class Aftermath:
    """What is left to look at: the first run and its rows, a run right after it, and the one that tried again."""

    world: World
    people: dict[str, int]
    first: Summary
    rows: dict[int, dict[str, Any]]
    idle: Summary
    second: Summary


def test_no_fault_of_an_email_stops_another(aftermath: Aftermath) -> None:
    count = len(EMAIL_FAULTS)
    for summary, due in ((aftermath.first, count), (aftermath.idle, 0), (aftermath.second, count)):
        assert adds_up(summary)
        assert summary.due == due
        assert summary.seconds < 8
    assert (aftermath.first.retrying, aftermath.first.failed, aftermath.first.exit_code) == (count, 0, 69)
    assert (aftermath.second.delivered, aftermath.second.exit_code) == (count, 0)


@pytest.mark.parametrize("name", EMAIL_FAULTS)
def test_an_email_that_meets_this_fault_goes_out_with_the_next_run(aftermath: Aftermath, name: str) -> None:
    world, person = aftermath.world, aftermath.people[name]
    row = aftermath.rows[person]
    assert (row["status"], row["attempts"], row["sent_at"]) == ("pending", 1, None)
    assert row["error"].startswith("SendGrid ")
    assert "@" not in row["error"]
    assert (row_of(world, person)["status"], row_of(world, person)["attempts"]) == ("delivered", 2)
    address = f"person{list(EMAIL_FAULTS).index(name)}@example.org"
    _, arrived = EMAIL_FAULTS[name]
    assert world.inboxes().count(address) == 1 + arrived
    sent = [request for request in world.sendgrid.requests if to(request) == address]
    assert len(sent) == 2
    assert len({request.json["headers"]["Message-ID"] for request in sent}) == 1, "a duplicate can be merged"


@pytest.mark.parametrize("step", [Truncated(), Drip(where="body")], ids=["truncated", "endless"])
def test_an_accepted_email_is_delivered_whatever_becomes_of_the_rest_of_the_answer(
    world: World, otters: list[int], step: Step
) -> None:
    world.sendgrid.script(once(lambda request: to(request) == "alice@example.org", step))

    assert (world.sweep().delivered, len(world.inboxes())) == (4, 3)


DISCORD_FAULTS: dict[str, Step] = {
    "a hang after it was processed": Hang(processed=True),
    "a reset after it was processed": Reset(processed=True),
    "a reset before it was processed": Reset(),
    "a 502 with a page of HTML": Reply(502, HTML, {"Content-Type": "text/html"}),
    "a limit that does not fit the run": Reply(429, {"message": "Slow down.", "retry_after": 3000.0, "global": True}),
}
MORE_DISCORD_FAULTS: dict[str, Step] = {
    "a close after it was processed": Close(processed=True),
    "a truncated page": Truncated(Reply(200, "<html>", {"Content-Type": "text/html"})),
    "a redirect": Reply(302, headers={"Location": "/elsewhere"}),
    "202 where 200 is due": Reply(202, ""),
}


def silent(world: World) -> int:
    """Somebody who gets nothing, so that the post in the channel of their group is all that goes out."""
    return world.platform.person("silent", email=None, discord_id=None)


@pytest.mark.parametrize(
    ("method", "step"),
    [
        *[pytest.param("discord_dm", step, id=f"direct: {name}") for name, step in DISCORD_FAULTS.items()],
        *[
            pytest.param("discord_channel", step, id=f"post: {name}")
            for name, step in (DISCORD_FAULTS | MORE_DISCORD_FAULTS).items()
        ],
    ],
)
def test_a_discord_message_that_meets_this_fault_arrives_once(world: World, method: str, step: Step) -> None:
    if method == "discord_dm":
        person = world.platform.person("alice", email=None, discord_id="101")
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))
    else:
        world.meeting_in(world.platform.group("Otters", channel="900", members=[silent(world)]), hours=23)
    world.discord.script(once(lambda request: request.path.endswith("/messages"), step))

    first = world.sweep()

    assert adds_up(first)
    assert (first.due, first.delivered, first.retrying) == (1, 0, 1)
    world.forget_waiting()
    second = world.sweep()
    assert (second.delivered, second.exit_code) == (1, 0)
    assert len(world.discord.messages) == 1
    nonces = [r.json["nonce"] for r in world.discord.requests if r.path.endswith("/messages")]
    assert len(nonces) == 2
    assert len(set(nonces)) == 1


def test_a_fault_while_a_dm_channel_is_opened_is_retried(world: World) -> None:
    person = world.platform.person("alice", email=None, discord_id="101")
    world.platform.enrolment(person, at=world.now - timedelta(hours=1))
    world.discord.script([Reset(processed=True)])
    assert world.sweep().retrying == 1
    world.forget_waiting()
    assert (world.sweep().delivered, len(world.discord.messages)) == (1, 1)


def test_a_wait_that_fits_the_run_is_waited_for(world: World, otters: list[int]) -> None:
    limited = Reply(429, {"message": "You are being rate limited.", "retry_after": 0.3, "global": False})
    world.discord.script([limited, limited])
    reset: dict[str, str | None] = {
        "X-RateLimit-Reset": str(int(time.time()) + 3601),
        "Date": formatdate(time.time() + 3600, usegmt=True),
    }
    world.sendgrid.script([Reply(429, headers=reset)])

    summary = world.sweep()

    assert (summary.delivered, summary.exit_code) == (4, 0)
    assert {row["attempts"] for row in world.log()} == {1}, "being asked to wait is no attempt"
    assert 0.5 < summary.seconds < 4


IN_15_MINUTES: dict[str, str | None] = {
    "X-RateLimit-Reset": str(int(time.time()) + 4500),
    "Date": formatdate(time.time() + 3600, usegmt=True),
}


@pytest.mark.parametrize(
    "limit",
    [Reply(429, headers={"Retry-After": "900"}), Reply(429, {"errors": [{"message": "slow down"}]}, IN_15_MINUTES)],
    ids=["429 without a body", "X-RateLimit-Reset by a clock that is an hour fast"],
)
def test_a_wait_that_does_not_fit_the_run_goes_to_the_next(world: World, otters: list[int], limit: Reply) -> None:
    world.sendgrid.script(lambda request: limit)

    summary = world.sweep()

    assert summary.seconds < 3
    assert (summary.retrying, summary.by_method["discord_channel"], summary.exit_code) == (3, 1, 0)
    in_15_minutes = datetime.now(UTC) + timedelta(minutes=15)
    for person in otters:
        assert abs(row_of(world, person)["retry_at"] - in_15_minutes) < timedelta(seconds=10)
    world.forget_waiting()
    world.sendgrid.script([])
    assert world.sweep().delivered == 3


def test_a_limit_without_a_word_is_retried_with_backoff(world: World, otters: list[int]) -> None:
    world.sendgrid.script(lambda request: Reply(429))
    assert adds_up(summary := world.sweep())
    assert (summary.retrying, summary.exit_code) == (3, 0)
    waits = [row_of(world, person)["retry_at"] - datetime.now(UTC) for person in otters]
    assert all(timedelta(seconds=15) < wait < timedelta(seconds=60) for wait in waits)
    assert len(set(waits)) == 3, "not all at once"


def test_a_limit_that_goes_on_for_runs_is_an_alarm(world: World, otters: list[int]) -> None:
    world.sendgrid.script(lambda request: Reply(429, headers={"Retry-After": "900"}))
    world.sweep()
    world.forget_waiting()
    summary = world.sweep()
    assert (summary.exit_code, summary.retrying) == (69, 3)
    assert summary.faults == ["no email could be delivered: SendGrid answered 429"]


def test_a_provider_that_limits_everything_is_not_asked_for_everyone(world: World) -> None:
    people = world.platform.people(*(f"member{n}" for n in range(60)))
    world.meeting_in(world.platform.group(members=people, channel=None), hours=23)
    world.sendgrid.script(lambda request: Reply(429, headers={"Retry-After": "900"}))

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="2"))

    assert adds_up(summary)
    assert len(world.sendgrid.requests) < 12
    assert summary.left > 48
    world.forget_waiting()
    world.sendgrid.script([])
    # 60 at once, beside the fake in one process: on a busy machine some wait for their answer for long
    world.timeouts = Timeouts(request=60.0)
    assert world.sweep().delivered == 60


def test_a_wait_of_nothing_is_no_tight_loop(world: World) -> None:
    world.meeting_in(world.platform.group("Otters", channel="900", members=[silent(world)]), hours=23)
    limited = Reply(429, {"message": "You are being rate limited.", "retry_after": 0, "global": False})
    world.discord.script(lambda request: limited)

    summary = world.sweep(max_runtime=2)

    assert summary.seconds < 3
    assert len(world.discord.requests) <= 4
    assert adds_up(summary)


def test_a_ban_by_cloudflare_stops_discord_and_leaves_its_rows(world: World, otters: list[int]) -> None:
    world.discord.script(lambda request: Reply(429, BAN, {"Content-Type": "text/html"}))

    summary = world.sweep()

    assert adds_up(summary)
    assert (summary.delivered, summary.left, summary.exit_code) == (3, 1, 69)
    [fault] = summary.faults
    assert "Cloudflare has banned this host" in fault
    assert world.discord.requests[1:] == []


EMAIL_REFUSALS = {
    "revoked": (401, "The provided authorization grant is invalid, expired, or revoked"),
    "credits": (401, "Maximum credits exceeded"),
    "scope": (403, "access forbidden"),
    "sender": (403, "The from address does not match a verified Sender Identity."),
}


@pytest.mark.parametrize("name", EMAIL_REFUSALS)
def test_a_refused_sendgrid_account_leaves_all_as_it_was(world: World, otters: list[int], name: str) -> None:
    status, words = EMAIL_REFUSALS[name]
    world.sendgrid.script([Reply(503)])
    world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"), max_runtime=50)
    world.discord.messages.clear()
    world.platform.delete("reminders_log", delivery_status="delivered")
    world.forget_waiting()
    before = {row["notification_key"]: row for row in world.log()}
    world.sendgrid.script(lambda request: Reply(status, {"errors": [{"message": words}]}))

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="2"))

    assert adds_up(summary)
    assert (summary.exit_code, summary.left, summary.by_method["discord_channel"]) == (69, 3, 1)
    [fault] = summary.faults
    assert fault.startswith(f"SendGrid refuses our account ({status}): {words}")
    for row in world.log():
        if row["method"] == "email":
            old = before.get(row["notification_key"], {"attempts": 0, "error": None, "status": "pending"})
            assert {key: row[key] for key in old} == old
    world.sendgrid.script([])
    assert world.sweep().by_method["email"] == 3, "free at once"


@pytest.mark.parametrize(("status", "code"), [(401, 0), (403, 20026), (403, 40333), (400, 40003), (401, 50014)])
def test_a_refused_bot_stops_direct_messages_only_as_far_as_it_must(world: World, status: int, code: int) -> None:
    for name in ("alice", "bob"):
        world.platform.enrolment(world.platform.person(name), at=world.now - timedelta(hours=1))
    world.discord.script(lambda request: Reply(status, {"message": "No.", "code": code}))

    summary = world.sweep()

    assert adds_up(summary)
    assert (summary.by_method["email"], summary.left, summary.exit_code) == (2, 2, 69)
    assert len(world.discord.requests) == 1, "stopped at once"
    assert [fault.split(":")[0] for fault in summary.faults] == [f"Discord refuses our bot ({code or status})"]
    rows = [row for row in world.log() if row["method"] == "discord_dm"]
    assert {(row["status"], row["attempts"], row["error"]) for row in rows} == {("pending", 0, None)}


def test_the_account_is_named_even_where_the_provider_was_down_before(world: World, otters: list[int]) -> None:
    world.sendgrid.script([Reply(503), *[Reply(401, {"errors": [{"message": "Maximum credits exceeded"}]})] * 9])
    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"))
    assert summary.exit_code == 69
    assert any("Maximum credits exceeded" in fault for fault in summary.faults)


def test_a_channel_whose_provider_is_down_is_an_alarm_and_the_other_goes_on(world: World, otters: list[int]) -> None:
    world.sendgrid.script(lambda request: Reply(503))
    summary = world.sweep()
    assert adds_up(summary)
    assert (summary.exit_code, summary.by_method["discord_channel"], summary.retrying) == (69, 1, 3)
    assert summary.faults == ["no email could be delivered: SendGrid answered 503"]


def test_an_outage_does_not_use_up_everyones_attempts(world: World) -> None:
    people = world.platform.people(*(f"member{n}" for n in range(60)))
    world.meeting_in(world.platform.group(members=people, channel=None), hours=23)
    world.sendgrid.script(lambda request: Reset())

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="4"))

    assert adds_up(summary)
    assert summary.exit_code == 69
    assert summary.retrying < 20
    assert sum(row["attempts"] for row in world.log()) == summary.retrying


@pytest.mark.parametrize("hours", [-3, 3])
def test_only_the_clock_of_the_database_counts(world: World, hours: int) -> None:
    """A host whose clock is hours wrong: the same as a database that is hours off."""
    skew(world, hours)
    people = world.platform.people("alice", "bob")
    world.meeting_in(world.platform.group("Otters", members=people, channel="900"), hours=23)
    world.platform.enrolment(people[0], at=world.now - timedelta(minutes=1))
    world.sendgrid.script(once(lambda request: to(request) == "bob@example.org", Reply(503)))

    first = world.sweep(world.settings(NOTIFY_DM_INTERVAL="0.1"))

    assert (first.due, first.delivered, first.retrying, first.exit_code) == (5, 4, 1, 0), first.faults
    delivered = [row for row in world.log() if row["status"] == "delivered"]
    assert all(abs(row["sent_at"] - world.now) < timedelta(minutes=1) for row in delivered)
    retry_at = row_of(world, people[1])["retry_at"]
    assert timedelta(0) < retry_at - world.now < timedelta(minutes=2)
    world.platform.update("reminders_log", {"delivery_status": "pending"}, retry_at=world.now)
    assert world.sweep().delivered == 1


def skew(world: World, hours: int) -> None:
    """Set the database's clock to another time than this host's: now() and clock_timestamp(), for new connections."""
    world.connection.execute("create schema skew")
    for name in ("now", "clock_timestamp"):
        world.connection.execute(
            f"create function skew.{name}() returns timestamptz stable language sql "
            f"as $$ select pg_catalog.{name}() + interval '{hours} hours' $$".encode()
        )
    name = world.connection.info.dbname
    world.connection.execute(f"alter database {name} set search_path = skew, pg_catalog, public".encode())
    world.platform.now += timedelta(hours=hours)


@pytest.mark.parametrize("answer", [Reply(400, {"errors": [{"message": "no"}]}), Reply(429)])
def test_many_attempts_without_one_success_are_an_alarm(world: World, answer: Reply) -> None:
    otters = world.platform.group(members=world.platform.people(*"abcdef"), channel=None)
    world.meeting_in(otters, hours=23)
    world.sendgrid.script(lambda request: answer)

    summary = world.sweep(max_runtime=2)

    assert summary.delivered == 0
    assert summary.exit_code == 69
    assert len(summary.faults) == 1
