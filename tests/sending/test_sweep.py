"""The main job, end to end: real PostgreSQL, real HTTP on loopback."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.fakes.http import Hang, Reply, Reset
from tests.support.world import SERVER_ID, World, with_outbox


def test_it_sends_a_reminder_by_email_to_each_member_and_once_to_the_channel(world: World) -> None:
    alice, bob = world.platform.people("alice", "bob")
    otters = world.platform.group("Otters", members=[alice, bob], channel="900")
    meeting = world.meeting_in(otters, hours=23)

    summary = world.sweep()

    assert (summary.due, summary.delivered, summary.exit_code) == (3, 3, 0)
    assert summary.by_method == {"email": 2, "discord_dm": 0, "discord_channel": 1}
    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]
    [post] = world.discord.messages
    assert post["channel_id"] == "900"
    at = int((world.now + timedelta(hours=23)).timestamp())
    assert f"Reminder: Meeting at <t:{at}:F>!" in post["content"]
    starts = f"{world.now + timedelta(hours=23):%Y%m%dT%H%M%SZ}"
    assert world.statuses() == {
        f"meeting_{meeting}_reminder_24h/{starts}/email/user_{alice}": "delivered",
        f"meeting_{meeting}_reminder_24h/{starts}/email/user_{bob}": "delivered",
        f"meeting_{meeting}_reminder_24h/{starts}/discord_channel/group_{otters}": "delivered",
    }
    assert not world.sendgrid.invalid
    assert not world.discord.invalid


def test_it_logs_one_row_per_delivery_with_its_recipients_row(world: World) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    world.meeting_in(otters, hours=23)

    world.sweep()

    email, post = sorted(world.log(), key=lambda row: row["method"] != "email")
    assert (email["user_id"], email["group_id"]) == (alice, None)
    assert (post["user_id"], post["group_id"]) == (None, otters)
    for row in (email, post):
        assert row["status"] == "delivered"
        assert row["attempts"] == 1
        assert row["sent_at"] is not None
        assert row["error"] is None
        assert row["provider_message_id"]
        assert row["due_at"] == world.now - timedelta(hours=1)
    day = "tomorrow" if (world.now + timedelta(hours=23)).date() > world.now.date() else "today"
    assert email["message"].startswith(f"Reminder: Otters meeting {day}\n\nHi alice,")
    [mail] = world.sendgrid.mails
    assert mail["personalizations"][0]["custom_args"] == {"reminder_id": str(email["reminder_id"])}


def test_a_second_sweep_sends_nothing(world: World) -> None:
    otters = world.platform.group(members=world.platform.people("alice", "bob"))
    world.meeting_in(otters, hours=23)
    world.sweep()
    sent = len(world.sendgrid.mails), len(world.discord.messages)

    summary = world.sweep()

    assert (summary.due, summary.delivered) == (0, 0)
    assert (len(world.sendgrid.mails), len(world.discord.messages)) == sent


def test_a_meeting_moved_to_another_time_reminds_again_once(world: World) -> None:
    otters = world.platform.group(members=world.platform.people("alice"))
    meeting = world.meeting_in(otters, hours=20)
    world.sweep()

    world.platform.move(meeting, world.now + timedelta(hours=22))

    assert world.sweep().delivered == 2
    assert world.sweep().delivered == 0
    assert len(world.sendgrid.mails) == 2


def test_two_sweeps_at_the_same_instant_send_each_row_once(world: World) -> None:
    otters = world.platform.group(members=world.platform.people(*(f"member{n}" for n in range(40))))
    world.meeting_in(otters, hours=23)
    start = threading.Barrier(4)
    delivered: list[int] = []

    def run() -> None:
        start.wait()
        delivered.append(world.sweep().delivered)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(delivered) == 41
    assert len(world.inboxes()) == len(set(world.inboxes())) == 40
    assert len(world.discord.messages) == 1


def test_it_welcomes_by_email_and_dm_as_the_person_wishes(world: World) -> None:
    alice = world.platform.person("alice", discord_id="101")
    bob = world.platform.person("bob", wants_email=False, discord_id="102")
    carol = world.platform.person("carol", wants_dm=False, discord_id="103")
    for person in (alice, bob, carol):
        world.platform.enrolment(person, at=world.now - timedelta(hours=1))

    world.sweep()

    assert sorted(world.inboxes()) == ["alice@example.org", "carol@example.org"]
    assert sorted(message["recipient_id"] for message in world.discord.messages) == ["101", "102"]


def test_it_remembers_opened_dm_channels_across_runs(world: World) -> None:
    alice = world.platform.person("alice", discord_id="101")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    world.sweep()
    world.platform.session(alice, "lesson-1", started_at=world.now - timedelta(hours=25))
    world.platform.delete("courses_users", user_id=alice)

    world.sweep()

    paths = [request.path.removeprefix("/api/v10") for request in world.discord.requests]
    assert paths.count("/users/@me/channels") == 1
    assert len(world.discord.messages) == 2


def test_the_group_assignment_carries_an_invite_with_every_meeting_to_come(world: World) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", channel="900")
    world.platform.member(otters, alice, joined_at=world.now - timedelta(minutes=1))
    for week in range(4):
        world.meeting_in(otters, hours=100 + week * 168)

    world.sweep()

    [mail] = world.sendgrid.mails
    assert [part["type"] for part in mail["content"]] == ["text/plain", "text/html", "text/calendar; method=REQUEST"]
    ics = mail["content"][2]["value"]
    assert "RRULE:FREQ=WEEKLY;COUNT=4" in ics.replace("COUNT=4;FREQ=WEEKLY", "FREQ=WEEKLY;COUNT=4")
    assert [attachment["type"] for attachment in mail["attachments"]] == ["application/ics"]
    assert f"https://discord.com/channels/{SERVER_ID}/900" in mail["content"][0]["value"]


def test_a_dry_run_writes_nothing_and_sends_nothing(world: World) -> None:
    from functools import partial

    from notify_cli import db
    from notify_cli.sending import sweep

    otters = world.platform.group(members=world.platform.people("alice"))
    world.meeting_in(otters, hours=23)

    found = sweep.preview(partial(db.connect, world.url), world.settings())

    assert sorted(delivery.method.value for delivery in found) == ["discord_channel", "email"]
    assert world.log() == []
    assert world.sendgrid.requests == []


def test_it_computes_as_of_another_time_into_the_outbox(world: World, tmp_path: Path) -> None:
    otters = world.platform.group(members=world.platform.people("alice"))
    world.meeting_in(otters, hours=100)
    settings = with_outbox(world.settings(), tmp_path)

    assert world.sweep(settings).delivered == 0
    assert world.sweep(settings, now=world.now + timedelta(hours=77)).delivered == 2
    assert len([*tmp_path.iterdir()]) == len(
        {*tmp_path.glob("*.eml"), *tmp_path.glob("*.json"), tmp_path / "index.html"}
    )
    assert len([*tmp_path.glob("meeting_*")]) == 2


def test_after_downtime_what_is_stale_goes_unsent(world: World) -> None:
    otters = world.platform.group(members=world.platform.people("alice"))
    world.meeting_in(otters, hours=17)
    badgers = world.platform.group("Badgers", members=world.platform.people("bob"))
    world.meeting_in(badgers, hours=18.5)

    world.sweep()

    assert world.inboxes() == ["bob@example.org"]


def test_a_bad_address_fails_alone_and_is_not_the_runs_failure(world: World) -> None:
    world.platform.person("mallory", email="mallory@nowhere")
    otters = world.platform.group(members=[1, *world.platform.people("alice")])
    world.meeting_in(otters, hours=23)

    summary = world.sweep()

    assert (summary.delivered, summary.failed, summary.exit_code) == (2, 1, 0)
    [failed] = [row for row in world.log() if row["status"] == "failed"]
    assert failed["user_id"] == 1
    assert "SendGrid answered 400" in failed["error"]
    assert world.sweep().due == 0


def test_a_server_error_is_retried_later_with_the_same_identity(world: World) -> None:
    otters = world.platform.group(members=world.platform.people("alice"), channel=None)
    world.meeting_in(otters, hours=23)
    world.sendgrid.script([Reply(503)])

    first = world.sweep()

    assert (first.delivered, first.retrying, first.exit_code) == (0, 1, 69)
    [row] = world.log()
    assert (row["status"], row["attempts"]) == ("pending", 1)
    assert datetime.now(UTC) < row["retry_at"] < datetime.now(UTC) + timedelta(minutes=2)
    assert world.sweep().due == 0, "not before its time"
    world.forget_waiting()
    assert world.sweep().delivered == 1
    assert world.log()[0]["attempts"] == 2


def test_an_unknown_outcome_is_retried_with_the_same_nonce_and_merges(world: World) -> None:
    alice = world.platform.person("alice", email=None, discord_id="101")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    world.discord.script(lambda request: Reset(processed=True) if "messages" in request.path else None)
    world.sweep()
    world.discord.script([])
    world.forget_waiting()

    assert world.sweep().delivered == 1

    assert len(world.discord.messages) == 1


def test_a_refused_account_stops_its_channel_only(world: World) -> None:
    people = world.platform.people("alice", "bob", "carol")
    otters = world.platform.group(members=people)
    world.meeting_in(otters, hours=23)
    settings = world.settings(SENDGRID_API_KEY="SG.revoked", NOTIFY_EMAIL_CONCURRENCY="1")

    summary = world.sweep(settings)

    assert summary.exit_code == 69
    assert summary.by_method == {"email": 0, "discord_dm": 0, "discord_channel": 1}
    assert summary.left == 3
    [fault] = summary.faults
    assert "SendGrid refuses our account (401)" in fault
    assert "SG.revoked" not in fault
    assert len(world.sendgrid.requests) == 1
    waiting = [row for row in world.log() if row["method"] == "email"]
    assert {(row["status"], row["attempts"], row["error"]) for row in waiting} <= {("pending", 0, None)}
    assert world.sweep().delivered == 3, "nothing was lost"


def test_a_run_ends_within_its_time_though_a_provider_hangs(world: World) -> None:
    otters = world.platform.group(members=world.platform.people("alice", "bob"))
    world.meeting_in(otters, hours=23)
    stop = threading.Event()

    def hang_and_stop(request: object) -> Hang:
        stop.set()
        return Hang()

    world.sendgrid.script(hang_and_stop)
    summary = world.sweep(stop=stop)

    assert summary.seconds < 9
    assert summary.by_method["email"] == 0


@pytest.mark.parametrize(
    "poison", ["a\x01b\r\nBcc: eve@example.org", "x" * 3_000, "\u202e@everyone **bold**", "😀" * 300]
)
def test_one_poisoned_name_never_stops_the_others(world: World, poison: str) -> None:
    mallory = world.platform.person(poison, email="mallory@example.org", timezone="Not/AZone")
    otters = world.platform.group(members=[mallory, *world.platform.people("alice")])
    world.meeting_in(otters, hours=23)

    world.sweep()

    assert "alice@example.org" in world.inboxes()
    assert len(world.discord.messages) == 1
    assert not world.sendgrid.invalid


def test_a_broken_section_holds_up_only_its_own_messages(world: World, tmp_path: Path) -> None:
    from tests.support.paths import MESSAGES

    broken = tmp_path / "messages.yaml"
    text = MESSAGES.read_text(encoding="utf-8")
    broken.write_text(text.replace("Welcome {name}!", "Welcome {nmae}!"), encoding="utf-8")
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    otters = world.platform.group(members=[alice])
    world.meeting_in(otters, hours=23)

    summary = world.sweep(world.settings(NOTIFY_MESSAGES=str(broken)))

    assert summary.exit_code == 78
    assert summary.delivered == 2
    assert any("nmae" in fault and "messages.yaml:" in fault for fault in summary.faults)
    assert not [row for row in world.log() if row["reminder_type"] == "welcome"]
