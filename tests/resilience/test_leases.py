"""Claims: who may send, for how long, and what the log keeps when a sender crashes, hangs or is told to wait."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from notify_cli import db, log
from notify_cli.delivery import Delivery, Status
from notify_cli.errors import TemporaryError, UnknownOutcomeError
from notify_cli.registry import Method
from notify_cli.sending.outcomes import backoff
from notify_cli.sending.run import Timeouts
from tests.support.fakes.http import Hang, Reply, Request
from tests.support.platform import Platform
from tests.support.world import World

MINUTE = timedelta(minutes=1)
LEASE = 2 * MINUTE


def delivery(now: datetime, user: int, *, useful: timedelta = timedelta(hours=3)) -> Delivery:
    return Delivery(
        job_id=f"user_{user}_welcome",
        occurrence="-",
        reminder_type="welcome",
        method=Method.EMAIL,
        user_id=user,
        group_id=None,
        meeting_id=None,
        due_at=now - MINUTE,
        useful_until=now + useful,
    )


@pytest.fixture
def alice(draft: Platform) -> int:
    """Somebody to write to."""
    return draft.person("alice")


def row(platform: Platform, key: str) -> dict[str, Any]:
    """The log's row as it is in the table."""
    [found] = db.rows(platform.connection, "select * from reminders_log where notification_key = %(key)s", {"key": key})
    return dict(found._asdict())


def take(platform: Platform, wanted: Delivery, at: datetime) -> tuple[Any, list[log.Claim]]:
    token = uuid4()
    return token, log.claim(platform.connection, [wanted], token=token, lease=LEASE, now=at)


def test_a_claim_is_a_visible_pending_row_with_a_lease(draft: Platform, alice: int) -> None:
    wanted = delivery(draft.now, alice)
    token, [claim] = take(draft, wanted, draft.now)
    found = row(draft, wanted.notification_key)
    assert (found["delivery_status"], found["attempts"], claim.attempts) == ("pending", 1, 1)
    assert (found["claimed_until"], found["claim_token"]) == (draft.now + LEASE, token)
    assert (found["sent_at"], found["retry_at"], found["delivery_error"]) == (None, None, None)


def test_nobody_else_gets_it_before_the_lease_runs_out_and_one_does_after(draft: Platform, alice: int) -> None:
    wanted = delivery(draft.now, alice)
    take(draft, wanted, draft.now)
    assert take(draft, wanted, draft.now + LEASE - MINUTE / 60)[1] == []
    _, [again] = take(draft, wanted, draft.now + LEASE)
    assert again.attempts == 2
    assert take(draft, wanted, draft.now + LEASE)[1] == []


def test_a_slow_sender_cannot_overwrite_the_outcome_of_the_one_that_took_over(draft: Platform, alice: int) -> None:
    wanted = delivery(draft.now, alice)
    slow, [claim] = take(draft, wanted, draft.now)
    quick, [taken] = take(draft, wanted, draft.now + LEASE)
    connection, number = draft.connection, claim.reminder_id

    def late_word(status: Status) -> int:
        outcome = log.Outcome(number, status, message="old", error="old", retry_after=1.0, context={"old": True})
        return log.record(connection, [outcome], token=slow, now=draft.now + LEASE + MINUTE)

    before = row(draft, wanted.notification_key)
    assert [late_word("failed"), late_word("pending"), late_word("delivered")] == [0, 0, 0]
    log.release(connection, [claim], token=slow)
    assert row(draft, wanted.notification_key) == before, "while the other one is sending"
    done = log.Outcome(taken.reminder_id, "delivered", message="new", provider_message_id="42")
    assert log.record(connection, [done], token=quick, now=draft.now + LEASE + MINUTE) == 1
    after = row(draft, wanted.notification_key)
    assert (after["delivery_status"], after["message"], after["provider_message_id"]) == ("delivered", "new", "42")
    assert late_word("failed") == 0
    assert row(draft, wanted.notification_key) == after


def test_what_is_given_back_is_as_it_was(draft: Platform, alice: int) -> None:
    wanted = delivery(draft.now, alice)
    token, [claim] = take(draft, wanted, draft.now)
    waits = log.Outcome(claim.reminder_id, "pending", message="hi", error="busy", retry_after=60.0, context={"a": 1})
    log.record(draft.connection, [waits], token=token, now=draft.now)
    before = row(draft, wanted.notification_key)
    token, [claim] = take(draft, wanted, draft.now + MINUTE)

    log.release(draft.connection, [claim], token=token)

    assert row(draft, wanted.notification_key) == before
    assert take(draft, wanted, draft.now + MINUTE)[1][0].attempts == 2


def test_a_retry_waits_for_its_time_and_never_beyond_its_use(draft: Platform) -> None:
    alice, bob, carol = draft.people("alice", "bob", "carol")
    soon, late = delivery(draft.now, alice), delivery(draft.now, bob, useful=10 * MINUTE)
    over = delivery(draft.now, carol, useful=MINUTE)
    for wanted in (soon, late, over):
        token, [claim] = take(draft, wanted, draft.now)
        outcome = log.Outcome(claim.reminder_id, "pending", error="busy", retry_after=3600.0)
        log.record(draft.connection, [outcome], token=token, now=draft.now)
    assert row(draft, soon.notification_key)["retry_at"] == draft.now + timedelta(hours=1)
    last_chance = row(draft, late.notification_key)["retry_at"]
    assert draft.now + 8 * MINUTE <= last_chance < late.useful_until - MINUTE, "in time for another run"
    assert row(draft, over.notification_key)["retry_at"] == draft.now
    assert take(draft, soon, draft.now + timedelta(minutes=59))[1] == []
    assert len(take(draft, soon, draft.now + timedelta(hours=1))[1]) == 1


def test_the_backoff_doubles_to_a_quarter_of_an_hour_with_jitter() -> None:
    down = TemporaryError("down", provider_down=True)
    for attempts, seconds in ((1, 30), (2, 60), (3, 120), (5, 480), (6, 900), (1000, 900)):
        waits = [backoff(attempts, down) for _ in range(200)]
        assert 0.75 * seconds <= min(waits) < 0.85 * seconds
        assert 1.15 * seconds < max(waits) <= 1.25 * seconds
    assert backoff(7, TemporaryError("limited", retry_after=7.5)) == 7.5
    assert backoff(1, UnknownOutcomeError("?")) < 5, "while Discord still knows the nonce"
    assert backoff(2, UnknownOutcomeError("?")) > 40


def test_what_is_of_no_use_any_more_expires_unless_somebody_is_sending_it(draft: Platform) -> None:
    now, hour = draft.now, timedelta(hours=1)
    columns = {"notification_key": "k1", "delivery_status": "pending", "useful_until": now - hour, "due_at": now - hour}
    stale = draft.log_row(**columns)
    lapsed = draft.log_row(**columns | {"notification_key": "k2", "claimed_until": now, "claim_token": uuid4()})
    untouched = {
        "in flight": draft.log_row(**columns | {"notification_key": "k3", "claimed_until": now + MINUTE}),
        "useful": draft.log_row(**columns | {"notification_key": "k4", "useful_until": now + MINUTE}),
        "delivered": draft.log_row(**columns | {"notification_key": "k5", "delivery_status": "delivered"}),
        "failed": draft.log_row(**columns | {"notification_key": "k6", "delivery_status": "failed"}),
        "of another writer": draft.log_row(delivery_status="pending", useful_until=now - hour),
        "of another writer, bare": draft.log_row(delivery_status="pending"),
    }
    everything = "select * from reminders_log order by reminder_id"
    before = {r.reminder_id: r for r in db.rows(draft.connection, everything)}

    assert log.expire(draft.connection, now=now) == 2

    after = {r.reminder_id: r for r in db.rows(draft.connection, everything)}
    assert {after[number].delivery_status for number in (stale, lapsed)} == {"expired"}
    for name, number in untouched.items():
        assert after[number] == before[number], name
    assert log.expire(draft.connection, now=now) == 0


def test_one_batch_in_the_order_it_was_asked_for(draft: Platform) -> None:
    people = draft.people("alice", "bob", "carol", "dave")
    people = [people[2], people[0], people[3], people[1]]
    batch = [delivery(draft.now, person) for person in people]
    claims = log.claim(draft.connection, batch, token=uuid4(), lease=LEASE, now=draft.now)
    assert [claim.delivery.user_id for claim in claims] == people


def test_batches_that_want_the_same_rows_in_any_order_never_deadlock(platform: Platform, ready_db: str) -> None:
    people = platform.people(*(f"member{n}" for n in range(60)))
    batch = [delivery(datetime.now(UTC), person) for person in people]
    start = threading.Barrier(4)
    taken: list[int] = []
    faults: list[Exception] = []

    def compete(number: int) -> None:
        token = uuid4()
        try:
            with db.connect(ready_db) as connection:
                start.wait(20)
                for turn in range(6):
                    order = batch[:: -1 if (turn + number) % 2 else 1]
                    claims = log.claim(connection, order, token=token, lease=timedelta(0))
                    taken.append(len(claims))
                    waits = [log.Outcome(claim.reminder_id, "pending", retry_after=0.0) for claim in claims[::2]]
                    log.record(connection, waits[:: -1 if turn % 2 else 1], token=token)
                    log.release(connection, claims[1::2], token=token)
                    log.expire(connection)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            faults.append(error)

    threads = [threading.Thread(target=compete, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert faults == []
    assert sum(taken) >= 60


def test_a_crash_leaves_rows_that_the_next_run_after_the_lease_sends(world: World) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.meeting_in(world.platform.group("Otters", members=[alice, bob], channel=None), hours=23)
    with db.connect(world.url) as crashed:
        found = [d for d in _due(world) if d.user_id == alice]
        log.claim(crashed, found, token=uuid4(), lease=LEASE)

    first = world.sweep()

    assert (first.due, first.delivered, world.inboxes()) == (1, 1, ["bob@example.org"])
    assert {r["status"] for r in world.log()} == {"delivered", "pending"}
    world.forget_waiting()
    assert world.sweep().delivered == 1
    assert [r["attempts"] for r in world.log() if r["user_id"] == alice] == [2]


def test_rows_that_another_run_takes_meanwhile_are_left_to_it(world: World) -> None:
    people = world.platform.people(*(f"member{number}" for number in range(20)))
    world.meeting_in(world.platform.group("Otters", members=people, channel=None), hours=23)
    other_token = uuid4()
    stolen: list[log.Claim] = []

    def steal(request: Request) -> None:
        """While one email is on its way, another run claims all that is free, and has sent one of them."""
        nonlocal stolen
        with db.connect(world.url) as connection:
            stolen += log.claim(connection, _due(world), token=other_token, lease=LEASE)
            log.record(connection, [log.Outcome(c.reminder_id, "delivered") for c in stolen[:1]], token=other_token)

    world.sendgrid.script(steal)

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"))

    assert 10 < len(stolen) < 20
    assert (summary.due, summary.cancelled, summary.left) == (20, 0, len(stolen))
    assert len(world.inboxes()) == summary.delivered == 20 - len(stolen)
    assert summary.exit_code == 0


def test_what_is_no_longer_due_when_its_turn_comes_counts_as_cancelled(world: World) -> None:
    people = world.platform.people(*(f"member{number}" for number in range(20)))
    group = world.platform.group("Otters", members=people, channel=None)
    world.meeting_in(group, hours=23)

    def leave(request: Request) -> None:
        with db.connect(world.url) as connection:
            platform = Platform(connection, world.now)
            for person in people:
                platform.leave(group, person)

    world.sendgrid.script(leave)
    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="1"))
    assert (summary.due, summary.failed, summary.retrying, summary.left) == (20, 0, 0, 0)
    assert summary.delivered == len(world.inboxes()) < 10
    assert summary.cancelled == 20 - summary.delivered


def test_nothing_is_sent_after_it_stopped_being_useful(world: World) -> None:
    """The provider asks to wait for longer than the reminder is good for."""
    alice = world.platform.person("alice")
    start = datetime.now(UTC) + timedelta(minutes=40, seconds=1.2)
    world.platform.meeting(world.platform.group("Otters", members=[alice], channel=None), start)
    world.sendgrid.script([Reply(429, headers={"Retry-After": "2"})])

    summary = world.sweep()

    assert (summary.due, summary.delivered, summary.retrying + summary.cancelled) == (1, 0, 1)
    assert len(world.sendgrid.requests) <= 1


def test_a_claim_that_grew_too_old_is_taken_again_before_it_is_sent(world: World) -> None:
    """A long run does not keep rows from others for its whole length, nor send on a lease that has run out."""
    world.timeouts = Timeouts(request=0.6, hold=0.3)
    people = world.platform.people("alice", "bob", "carol")
    world.meeting_in(world.platform.group("Otters", members=people, channel=None), hours=23)
    leases: list[datetime] = []
    hanging = iter([Hang(), Hang()])

    def look(request: Request) -> Hang | None:
        rows = db.rows(world.connection, "select max(claimed_until) as until from reminders_log")
        leases.append(rows[0].until)
        return next(hanging, None)

    world.sendgrid.script(look)

    summary = world.sweep(world.settings(NOTIFY_EMAIL_CONCURRENCY="2"), max_runtime=20)

    assert (summary.delivered, summary.retrying, summary.left) == (1, 2, 0)
    assert leases[-1] - leases[0] > timedelta(seconds=0.5), "the third was claimed anew"
    assert max(leases) < datetime.now(UTC) + timedelta(seconds=31)
    assert sorted(row["attempts"] for row in world.log()) == [1, 1, 1]


def test_the_lease_outlasts_the_last_request_and_its_record() -> None:
    timeouts = Timeouts()
    margin = timeouts.lease_margin.total_seconds()
    assert margin >= timeouts.request + timeouts.record


def _due(world: World) -> list[Delivery]:
    from notify_cli import due

    return [c.delivery for c in due.find(world.connection, due.Window(), due.Policy())]
