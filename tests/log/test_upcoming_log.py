"""`upcoming` and `log`: what will go out, and what did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.fakes.http import Reply
from tests.support.terminal import Command, on_terminal
from tests.support.world import World

UPCOMING = ["job_id", "reminder_type", "method", "recipient", "user_id", "group_id", "due_at", "useful_until"]
LOG = [
    *("reminder_id", "job_id", "notification_key", "reminder_type", "method", "status", "error"),
    *("user_id", "group_id", "due_at", "sent_at", "changed_at", "attempts"),
]


def utc(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def test_upcoming_has_the_promised_shape_in_the_order_of_time(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group("Otters", members=[alice])
    meeting = world.meeting_in(otters, hours=50)
    found = notify("upcoming --json").json
    assert [list(one) for one in found] == [UPCOMING] * 4
    assert [one["due_at"] for one in found] == sorted(one["due_at"] for one in found)
    email = next(one for one in found if one["method"] == "email")
    assert email == {
        "job_id": f"meeting_{meeting}_reminder_24h",
        "reminder_type": "meeting_reminder_24h",
        "method": "email",
        "recipient": f"user_{alice}",
        "user_id": alice,
        "group_id": None,
        "due_at": utc(world.now + timedelta(hours=26)),
        "useful_until": utc(world.now + timedelta(hours=32)),
    }
    post = next(one for one in found if one["method"] == "discord_channel")
    assert (post["recipient"], post["user_id"], post["group_id"]) == (f"group_{otters}", None, otters)


def test_upcoming_looks_a_week_ahead_or_as_far_as_it_is_told(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    otters = world.platform.group(members=[alice])
    near, far = world.meeting_in(otters, hours=30), world.meeting_in(otters, hours=24 * 10)

    def meetings(options: str) -> set[int]:
        return {int(one["job_id"].split("_")[1]) for one in notify(f"upcoming --json {options}").json}

    assert meetings("") == {near}
    assert meetings("--within 2w") == {near, far}
    assert meetings("--within 5h") == set()
    assert meetings(f"--within 2w --meeting {far}") == {far}


def test_upcoming_tells_what_is_due_now_what_is_tried_again_and_what_was_stored(world: World, notify: Command) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now)
    assert {one["reminder_type"] for one in notify("upcoming --json").json} == {"welcome"}
    world.sendgrid.script([Reply(503)])
    world.sweep()
    [retry] = notify("upcoming --json").json
    assert (retry["reminder_type"], retry["method"]) == ("welcome", "email")
    stored = ["send", "announcement", "--user", bob, "--set", "subject=a", "--set", "text=b", "--at", "in 2 hours"]
    assert notify(*stored).code == 0
    assert {one["reminder_type"] for one in notify(f"upcoming --user {bob} --json").json} == {"announcement"}


def test_upcoming_leaves_out_who_gets_nothing(world: World, notify: Command) -> None:
    carol = world.platform.person("carol", wants_email=False)
    erin = world.platform.person("erin")
    otters = world.platform.group(members=[carol, erin])
    world.platform.leave(otters, erin)
    world.meeting_in(otters, hours=30)
    assert {one["recipient"] for one in notify("upcoming --json").json} == {f"group_{otters}"}
    assert notify(f"upcoming --user {carol} --json").json == []


def test_upcoming_names_people_and_groups_and_fits_any_terminal(world: World) -> None:
    alice = world.platform.person("Alexandra Maximiliane von Hohenstein-Oberwaldenburg")
    world.meeting_in(world.platform.group("Otters", members=[alice]), hours=30)
    environment = {"DATABASE_URL": world.url}
    narrow = on_terminal("upcoming --all", environment)
    assert max(map(len, narrow.splitlines())) <= 80
    assert narrow.startswith("due (UTC) ")
    assert "Alexandra" in narrow
    assert "meeting_1_reminder_24h" not in narrow
    wide = on_terminal("upcoming --all", environment, columns=170)
    assert f"Alexandra Maximiliane von Hohenstein-Oberwaldenburg (user_{alice})" in wide
    assert "meeting_1_reminder_24h" in wide


def test_a_name_cannot_write_on_the_terminal(world: World, notify: Command) -> None:
    mallory = world.platform.person("Mal\x1b[2J\x07lory\r\n\tgone")
    world.meeting_in(world.platform.group("Ott\x1b[31mers", members=[mallory]), hours=30)
    environment = {"DATABASE_URL": world.url, "NO_COLOR": "1", "TERM": "dumb"}
    for command in ("upcoming --all", f"explain --user {mallory}", f"preview welcome --user {mallory}"):
        shown = on_terminal(command, environment, columns=120, colours=True)
        assert "Mal" in shown
        assert not set("\x1b\x07\r") & set(shown)
        assert not set("\x1b\x07\r") & set(notify(command).out)


def test_it_copes_with_a_terminal_of_hardly_any_width(world: World) -> None:
    world.meeting_in(world.platform.group(members=world.platform.people("alice")), hours=30)
    for command in ("upcoming", "explain --user 1", "doctor", "preview"):
        assert on_terminal(command, {"DATABASE_URL": world.url}, columns=20).strip()


def test_with_nothing_to_come_a_terminal_says_so_and_a_pipe_has_only_the_heading(world: World, notify: Command) -> None:
    assert (
        notify("upcoming --all").out
        == "\t".join(["due_at", "reminder_type", "name", "method", *UPCOMING[-1:], "job_id"]) + "\n"
    )
    assert "Nothing will go out within 7d" in on_terminal("upcoming", {"DATABASE_URL": world.url})


def test_the_log_has_the_promised_shape(world: World, notify: Command) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    world.discord.closed.add(str(100_000_000_000_000_001))
    world.sweep()
    found = notify("log --json").json
    assert [list(one) for one in found] == [LOG] * 2
    by_method = {one["method"]: one for one in found}
    assert by_method["email"]["status"] == "delivered"
    assert by_method["email"]["notification_key"] == f"user_{alice}_welcome/-/email/user_{alice}"
    assert by_method["email"]["due_at"] == utc(world.now)
    assert by_method["discord_dm"]["status"] == "failed"
    assert by_method["discord_dm"]["sent_at"] is None
    assert "Cannot send messages to this user" in by_method["discord_dm"]["error"]


def test_the_log_can_be_narrowed_down(world: World, notify: Command) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now)
    otters = world.platform.group(members=[bob])
    meeting = world.meeting_in(otters, hours=23)
    world.discord.closed.add(str(100_000_000_000_000_001))
    world.sweep()
    world.connection.execute(
        "update reminders_log set created_at = now() - interval '3 days', sent_at = now() - interval '3 days' "
        "where reminder_type = 'meeting_reminder_24h'"
    )

    def found(options: str) -> list[tuple[str, str]]:
        return sorted((one["reminder_type"], one["method"]) for one in notify(f"log --json {options}").json)

    everything = found("")
    assert len(everything) == 4
    assert found(f"--user {alice}") == [("welcome", "discord_dm"), ("welcome", "email")]
    assert found(f"--group {otters}") == [("meeting_reminder_24h", "discord_channel")]
    assert found("--status failed") == [("welcome", "discord_dm")]
    assert found("--status failed --status delivered") == everything
    assert found("--type welcome") == [("welcome", "discord_dm"), ("welcome", "email")]
    assert found(f"--job meeting_{meeting}_*") == [("meeting_reminder_24h", x) for x in ("discord_channel", "email")]
    assert found("--since 1d") == [("welcome", "discord_dm"), ("welcome", "email")]
    assert len(found("-n 3")) == 3


def test_both_nudges_answer_to_the_name_of_their_message(world: World, notify: Command) -> None:
    for rule in ("lesson_nudge_1d", "lesson_nudge_3d", "welcome"):
        world.platform.log_row(reminder_type=rule)
    assert len(notify("log --type lesson_nudge --json").json) == 2


def test_a_type_of_which_neither_log_nor_file_knows_is_a_mistake(world: World, notify: Command) -> None:
    result = notify("log --type welcom")
    assert result.code == 2
    assert "--type names 'welcom', which is no message type: did you mean welcome?" in result.err
    world.platform.log_row(reminder_type="of_former_times")
    assert len(notify("log --type of_former_times --json").json) == 1
    assert notify("log --type trial_nudge --json").json == []


def test_rows_of_other_writers_and_cancellations_are_shown_as_they_are(world: World, notify: Command) -> None:
    world.platform.log_row(message="hello", sent_at=world.now, delivery_status="delivered")
    world.platform.log_row(
        delivery_method=None,
        delivery_status="cancelled",
        job_id="meeting_5_reminder_1h",
        notification_key="x/y/cancelled",
    )
    foreign, cancelled = notify("log --json").json
    assert (foreign["job_id"], foreign["notification_key"], foreign["attempts"]) == (None, None, None)
    assert (cancelled["method"], cancelled["status"]) == (None, "cancelled")
    assert "everybody" in on_terminal("log", {"DATABASE_URL": world.url})


def test_on_a_terminal_an_error_stands_below_its_row_and_everything_fits(world: World) -> None:
    alice = world.platform.person("alice", email="no address at all")
    world.platform.enrolment(alice, at=world.now)
    world.discord.closed.add(str(100_000_000_000_000_001))
    world.sweep()
    shown = on_terminal("log --status failed", {"DATABASE_URL": world.url})
    assert max(map(len, shown.splitlines())) <= 80
    assert "\n    the email address is malformed\n" in shown
    assert "\n    Discord answered 403 (code 50007): Cannot send messages to this user\n" in shown


def test_on_a_terminal_the_log_begins_with_the_newest_hundred(world: World, notify: Command) -> None:
    for number in range(120):
        world.platform.log_row(sent_at=world.now, delivery_status="delivered", job_id=f"job_{number}")
    assert len(notify("log --json").json) == 120
    shown = on_terminal("log", {"DATABASE_URL": world.url}, columns=140)
    assert "job_119" in shown
    assert "job_19 " not in shown
    assert shown.splitlines()[-1] == "20 older not shown: -n 120 shows all"
    assert len(shown.splitlines()) == 102
