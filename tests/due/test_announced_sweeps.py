"""What `upcoming` announces is what the sweeps then send: once, at the time that was announced, in its window.

Whole sweeps into an outbox, through days of random meetings, zones, quiet hours and types of the staff's own. No table
changes meanwhile; that a change counts at once is the matter of the other tests.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from notify_cli import due
from notify_cli.due import Policy, Window
from tests.due.test_quiet_hours import WEEKENDS, ZONES
from tests.support.paths import MESSAGES
from tests.support.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ANCHORS = ("before the meeting", "after the meeting", "after joining", "after signup", "after starting a trial lesson")


def declared(rng: random.Random, number: int) -> str:
    """A section of messages.yaml with a time of its own."""
    anchor = rng.choice(ANCHORS)
    first = rng.randint(2, 50)
    last = first - rng.randint(1, first - 1) if anchor.startswith("before") else first + rng.randint(1, 30)
    audience = rng.choice(["members", "learners"]) if anchor.endswith(("meeting", "joining")) else "members"
    part = "discord: Hello" if rng.random() < 0.5 else "email_subject: Hello\n  email_body: Hello"
    return (
        f"\nown_{number}:\n  send: {{when: {first} hours {anchor}, until: {last} hours {anchor}, to: {audience}}}\n"
        f"  {part}\n"
    )


def quiet_hours(rng: random.Random) -> str:
    begins = rng.randrange(24 * 4)
    ends = (begins + rng.randint(1, 20 * 4)) % (24 * 4)
    return "-".join(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (begins, ends))


def settle(world: World, rng: random.Random, weekend: date) -> datetime:
    """People with meetings, sign-ups and trial lessons around the weekend; returns when it begins."""
    platform, begin = world.platform, datetime.combine(weekend, time(), tzinfo=UTC)
    for number in range(3):
        at = begin + timedelta(minutes=rng.randint(0, 4 * 24 * 60))
        known = at - timedelta(hours=rng.choice([1, 20, 30, 80, 2000]))
        person = platform.person(f"p{number}", timezone=rng.choice(ZONES))
        if rng.random() < 0.3:
            platform.session(person, "intro", started_at=at)
            continue
        group = platform.group(f"Group {number}")
        platform.member(group, person, joined_at=known, role=rng.choice(["participant", "facilitator"]))
        platform.meeting(group, at, created_at=known)
        platform.enrolment(person, at=at)
    return begin


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 30))])
def test_what_is_announced_is_sent_once_and_then(world: World, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - a reproducible draw, not a secret
    sections = "".join(declared(rng, number) for number in range(3))
    (tmp_path / "messages.yaml").write_text(MESSAGES.read_text(encoding="utf-8") + sections, encoding="utf-8")
    (tmp_path / "course.yaml").write_text("progression: [{lesson: intro}, {meeting: 1}]\n")
    begin = settle(world, rng, rng.choice(WEEKENDS)) - 5 * DAY
    settings = world.settings(
        NOTIFY_MESSAGES=str(tmp_path / "messages.yaml"),
        NOTIFY_COURSES=str(tmp_path / "course.yaml"),
        NOTIFY_QUIET_HOURS=quiet_hours(rng),
        NOTIFY_OUTBOX=str(tmp_path / "outbox"),
        # Their messages depend on what the calendars hold by then.
        NOTIFY_DISABLED="group_assigned,calendar_update,calendar_cancel",
    )
    policy = Policy.of(settings)
    types = sorted(policy.timing().types)
    world.connection.execute("delete from notify.since")
    world.connection.execute("insert into notify.since select unnest(%s::text[]), %s", [types, begin])
    announced = {
        one.delivery.notification_key: one.delivery
        for one in due.find(
            world.connection, Window(begin, within=due.EVER), policy, verdicts=("will_send", "not_due_yet")
        )
    }
    assert len(announced) > 3

    moments = sorted({delivery.due_at for delivery in announced.values()})
    ticks = {moment + step for moment in moments for step in (-MINUTE, timedelta(0), 7 * MINUTE)}
    for tick in sorted(ticks | {moments[0] + hour * 6 * HOUR for hour in range(40)}):
        summary = world.sweep(settings, now=tick)
        assert (summary.faults, summary.failed, summary.left) == ([], 0, 0)

    rows = world.connection.execute(
        "select notification_key, sent_at, delivery_status::text, attempts from reminders_log"
    ).fetchall()
    assert {key: (at, status, attempts) for key, at, status, attempts in rows} == {
        key: (delivery.due_at, "delivered", 1) for key, delivery in announced.items()
    }
    assert all(delivery.due_at < delivery.useful_until for delivery in announced.values())
    assert len([*(tmp_path / "outbox").glob("*.eml")]) == sum(one.method == "email" for one in announced.values())
