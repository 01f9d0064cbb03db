"""`doctor`: a line for each check with its mend, and nothing is sent."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli import db, doctor
from notify_cli.check import Check
from notify_cli.config import Settings
from notify_cli.doctor import database
from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.http import Decide, Reply
from tests.support.fakes.sendgrid import KEY, FakeSendGrid
from tests.support.paths import DEMO_COURSE
from tests.support.postgres import as_user
from tests.support.terminal import Command, on_terminal
from tests.support.world import World

COURSE = DEMO_COURSE


def examine(world: World, **environment: str) -> dict[str, list[Check]]:
    """All checks by name."""
    return by_name(doctor.examine(world.settings(**environment)))


def by_name(found: list[Check]) -> dict[str, list[Check]]:
    return {name: [check for check in found if check.check == name] for name in {check.check for check in found}}


def the(found: dict[str, list[Check]], name: str) -> Check:
    [check] = found[name]
    return check


def answering(replies: dict[str, Reply]) -> Decide:
    """A provider that gives these answers to these paths, and its usual ones to all others."""
    return lambda request: replies.get(request.path.partition("?")[0])


def all_fine(world: World) -> dict[str, str]:
    """The environment in which there is nothing to say, and providers that know us."""
    senders = {"results": [{"from_email": "course@example.org", "verified": True}]}
    world.sendgrid.script(answering({"/v3/verified_senders": Reply(200, senders)}))
    world.discord.script(answering({"/api/v10/guilds/800000000000000001": Reply(200, {"name": "Example Server"})}))
    return {"NOTIFY_COURSES": str(COURSE), "NOTIFY_HEARTBEAT_URL": "https://hc.example.org/secret-path"}


def test_where_everything_is_in_place_every_line_is_ok_and_nothing_is_sent(world: World, notify: Command) -> None:
    result = notify("doctor --json", **all_fine(world))
    assert (result.code, result.err) == (0, "")
    assert all(list(line) == ["check", "ok", "detail", "fix"] for line in result.json)
    assert all(line["ok"] for line in result.json)
    said = {line["check"]: line["detail"] for line in result.json if line["fix"] is None}
    assert said["SendGrid"] == "the key is good and may send mail"
    assert said["SendGrid sender"] == "course@example.org is a verified sender"
    assert said["Discord"] == "the token is good, the bot is called notify"
    assert said["Discord server"] == "the bot is in Example Server"
    assert said["views"] == "all 6 can be read"
    assert said["log"] == "ready, with its indexes"
    assert {request.method for request in [*world.sendgrid.requests, *world.discord.requests]} == {"GET"}
    assert world.log() == []


def test_secrets_never_appear(world: World, notify: Command) -> None:
    secrets = {"SENDGRID_API_KEY": "SG.very-secret", "DISCORD_BOT_TOKEN": "token-very-secret"}
    echo = {"errors": [{"message": "Bearer SG.very-secret is no key"}]}
    world.sendgrid.script([Reply(401, echo)])
    world.discord.script([Reply(401, {"message": "401: token-very-secret"})])
    for option in ("doctor", "-v doctor", "doctor --json"):
        result = notify(option, **all_fine(world), **secrets)
        assert result.code == 1
        assert "secret" not in result.out + result.err


@pytest.mark.parametrize(
    ("reply", "detail", "fix"),
    [
        (Reply(401, {"errors": [{"message": "expired"}]}), "the key is refused (401: expired)", "SENDGRID_API_KEY"),
        (Reply(200, {"scopes": ["alerts.read"]}), "the key may not send mail", "mail.send"),
        (Reply(200, "<html>"), "the key cannot be checked (200)", "SENDGRID_API_URL"),
        (Reply(503, "oops"), "the key cannot be checked (503)", "SENDGRID_API_URL"),
    ],
)
def test_a_key_that_cannot_send_is_found(world: World, reply: Reply, detail: str, fix: str) -> None:
    world.sendgrid.script([reply])
    check = the(examine(world), "SendGrid")
    assert not check.ok
    assert check.detail == detail
    assert fix in (check.fix or "")


@pytest.mark.parametrize(
    ("senders", "domains", "ok", "detail"),
    [
        (Reply(200, {"results": []}), Reply(200, []), False, "course@example.org is not a verified sender"),
        (
            Reply(200, {"results": []}),
            Reply(200, [{"domain": "example.org", "valid": True}]),
            True,
            "the domain of course@example.org is authenticated",
        ),
        (
            Reply(200, {"results": [{"from_email": "Course@example.org", "verified": False}]}),
            Reply(200, [{"domain": "ample.org", "valid": True}]),
            False,
            "course@example.org is not a verified sender",
        ),
        (Reply(403), Reply(403), True, "the key may not look up the verified senders"),
    ],
)
def test_a_sender_must_be_verified_as_far_as_the_key_may_ask(
    world: World, senders: Reply, domains: Reply, ok: bool, detail: str
) -> None:
    world.sendgrid.script(answering({"/v3/verified_senders": senders, "/v3/whitelabel/domains": domains}))
    check = the(examine(world), "SendGrid sender")
    assert (check.ok, check.detail) == (ok, detail)


@pytest.mark.parametrize(
    ("path", "reply", "name", "ok", "detail"),
    [
        ("/users/@me", Reply(401, {"message": "401: Unauthorized"}), "Discord", False, "the token is refused (401: "),
        ("/users/@me", Reply(500), "Discord", False, "the token cannot be checked (500)"),
        ("/guilds/800000000000000001", Reply(404, {"code": 10004}), "Discord server", False, "the bot is not in"),
        ("/guilds/800000000000000001", Reply(403, {"code": 50001}), "Discord server", False, "the bot is not in"),
        ("/guilds/800000000000000001", Reply(502), "Discord server", True, "cannot be looked up (502)"),
    ],
)
def test_a_bot_must_have_its_token_and_its_server(
    world: World, path: str, reply: Reply, name: str, ok: bool, detail: str
) -> None:
    world.discord.script(answering({f"/api/v10{path}": reply}))
    check = the(examine(world), name)
    assert check.ok == ok
    assert detail in check.detail
    assert check.fix


def test_providers_that_do_not_answer_are_faults_of_their_own(world: World) -> None:
    dead = "http://127.0.0.1:9"
    found = examine(world, SENDGRID_API_URL=dead, DISCORD_API_URL=dead)
    for name in ("SendGrid", "Discord"):
        check = the(found, name)
        assert not check.ok
        assert f"{name} cannot be reached" in check.detail
        assert f"{name.upper()}_API_URL" in (check.fix or "")


def test_without_settings_each_is_named_with_what_to_set_it_to(notify: Command) -> None:
    notify.environment = {}
    result = notify("doctor --json")
    assert result.code == 1
    faults = {line["detail"]: line["fix"] for line in result.json if not line["ok"]}
    named = ("FRONTEND_URL", "SENDGRID_API_KEY", "FROM_EMAIL", "DISCORD_BOT_TOKEN", "DATABASE_URL")
    assert set(faults) == {f"{name} is not set" for name in named}
    assert all(faults.values())


def test_settings_that_are_wrong_are_all_named(notify: Command) -> None:
    result = notify("doctor --json", NOTIFY_DM_INTERVAL="often", FROM_EMAIL="nobody", DATABASE_URL="mysql://secret@x")
    assert result.code == 78
    assert [line["check"] for line in result.json] == ["settings"] * 3
    assert {line["detail"].split()[0] for line in result.json} == {"NOTIFY_DM_INTERVAL", "FROM_EMAIL", "DATABASE_URL"}
    assert all(line["fix"] for line in result.json)
    assert "secret" not in result.out


def test_no_database_is_a_finding_and_the_rest_is_checked_all_the_same(world: World, notify: Command) -> None:
    result = notify("doctor --json", DATABASE_URL="postgresql://notify:hunter2@127.0.0.1:9/platform")
    assert result.code == 1
    checks = by_name([Check(**line) for line in result.json])
    assert not the(checks, "database").ok
    assert the(checks, "database").fix == "check DATABASE_URL and its server"
    assert the(checks, "SendGrid").ok
    assert "hunter2" not in result.out


def test_a_database_before_init_db_is_sent_there(platform_db: str, tmp_path: Path) -> None:
    found = by_name(doctor.examine(Settings(database_url=platform_db, outbox=tmp_path)))
    assert {check.detail for check in found["views"]} >= {"notify.people does not exist"}
    assert all(check.fix and check.fix.startswith("run notify init-db") for check in found["views"])
    assert "column notification_key" in the(found, "log").detail
    assert "status expired" in the(found, "log").detail
    assert "the unique index on notification_key" in the(found, "log").detail


def test_a_view_that_lacks_a_column_or_cannot_be_read_is_named(world: World, ready_db: str) -> None:
    world.connection.execute("drop view notify.groups")
    world.connection.execute("create view notify.groups as select 1 as group_id, 'x' as group_name")
    [check] = examine(world)["views"]
    assert check.detail == "notify.groups lacks course, discord_channel_id, server_id, active"
    world.connection.execute("create role outsider login")
    check = the(by_name(doctor.examine(Settings(database_url=as_user(ready_db, "outsider")))), "database")
    world.connection.execute("drop role outsider")
    assert check.detail == "the database role may not do this: permission denied for schema notify"
    assert check.fix == "grant it to the role in DATABASE_URL"


def test_a_role_that_may_only_read_cannot_keep_the_log(world: World, ready_db: str) -> None:
    world.connection.execute("create role onlooker login")
    try:
        for schema in ("notify", "public"):
            world.connection.execute(f"grant usage on schema {schema} to onlooker".encode())
            world.connection.execute(f"grant select on all tables in schema {schema} to onlooker".encode())
        found = by_name(doctor.examine(Settings(database_url=as_user(ready_db, "onlooker"))))
        assert the(found, "log").detail == "the role may not insert, update, delete in reminders_log"
    finally:
        world.connection.execute("drop owned by onlooker")
        world.connection.execute("drop role onlooker")


def test_an_index_that_is_missing_is_a_remark_unless_the_claim_rests_on_it(world: World) -> None:
    world.connection.execute("drop index notify_meetings_scheduled_time_idx")
    assert the(examine(world), "log").ok
    assert "indexes are missing" in the(examine(world), "log").detail
    world.connection.execute("drop index reminders_log_notification_key_idx")
    assert not the(examine(world), "log").ok


def test_a_switched_off_feature_is_a_remark(world: World, notify: Command) -> None:
    result = notify("doctor --json", **all_fine(world), NOTIFY_DISABLED="welcome,lesson_nudge")
    assert result.code == 0
    [check] = [line for line in result.json if line["check"] == "switched off"]
    assert check["detail"] == "nobody gets welcome, lesson_nudge_1d, lesson_nudge_3d"
    off = by_name([Check(**line) for line in notify("doctor --json").json])
    assert the(off, "course file") == Check(
        "course file", True, "none is set: lesson nudges are off", "set NOTIFY_COURSES to the file or folder"
    )
    assert the(off, "heartbeat").ok
    assert the(off, "heartbeat").fix


def test_an_unknown_name_in_notify_disabled_is_a_fault(world: World) -> None:
    check = the(examine(world, NOTIFY_DISABLED="welcme"), "switched off")
    assert (check.ok, check.fix) == (False, "did you mean welcome?")


def test_messages_and_course_files_with_faults_are_named_by_line(world: World, tmp_path: Path) -> None:
    (tmp_path / "messages.yaml").write_text("welcome:\n  email_subject: Hi {nam}\n", encoding="utf-8")
    (tmp_path / "course.yaml").write_text("slug: [\n", encoding="utf-8")
    found = examine(
        world, NOTIFY_MESSAGES=str(tmp_path / "messages.yaml"), NOTIFY_COURSES=str(tmp_path / "course.yaml")
    )
    assert any("messages.yaml:2: welcome: email_subject: unknown variable {nam}" in c.detail for c in found["messages"])
    assert not the(found, "course file").ok
    assert "course.yaml:" in the(found, "course file").detail


def test_a_course_that_no_file_is_for_is_a_fault(world: World, tmp_path: Path) -> None:
    for slug in ("cooking", "sailing"):
        (tmp_path / f"{slug}.yaml").write_text(f"slug: {slug}\nprogression: []\n", encoding="utf-8")
    world.meeting_in(world.platform.group("Otters"), hours=30)
    check = the(examine(world, NOTIFY_COURSES=str(tmp_path)), "course file")
    assert not check.ok
    assert "has no course 'AI Safety'" in check.detail


def test_what_waits_for_a_quarter_of_an_hour_is_a_fault_before_the_first_sweep_too(world: World) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now - timedelta(minutes=14))
    assert the(examine(world), "sweeps").detail == "nothing is overdue; nothing has been sent so far"
    world.platform.delete("courses_users", user_id=alice)
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    check = the(examine(world), "sweeps")
    assert not check.ok
    assert check.detail.startswith("2 messages are due since ")
    assert check.detail.endswith("; nothing has been sent so far")
    assert "cron" in (check.fix or "")
    world.sweep()
    assert the(examine(world), "sweeps").detail.startswith("nothing is overdue; the last delivery was on ")
    world.connection.execute("update reminders_log set sent_at = sent_at - interval '2 hours'")
    world.platform.enrolment(bob, at=world.now - timedelta(hours=1))
    check = the(examine(world), "sweeps")
    assert not check.ok
    assert check.detail.startswith("2 messages are due since ")


def test_rows_that_no_sweep_closed_are_a_fault(world: World) -> None:
    world.platform.log_row(
        notification_key="a/b/email/user_1", delivery_status="pending", useful_until=world.now - timedelta(hours=1)
    )
    check = the(examine(world), "sweeps")
    assert not check.ok
    assert check.detail.startswith("1 row is past all use")


def test_a_few_failures_are_remarks_and_nothing_but_failures_a_fault(world: World) -> None:
    def fail(number: int) -> None:
        row: dict[str, Any] = {"notification_key": f"j/{number}/email/user_1", "delivery_status": "failed"}
        world.platform.log_row(**row)

    fail(1)
    check = the(examine(world), "deliveries")
    assert (check.ok, check.detail) == (True, "email: 1 failed and 0 delivered in the last day")
    for number in range(2, 6):
        fail(number)
    assert not the(examine(world), "deliveries").ok


def test_with_an_outbox_no_provider_is_asked(world: World, tmp_path: Path) -> None:
    found = examine(world, NOTIFY_OUTBOX=str(tmp_path / "out" / "box"))
    assert "SendGrid" not in found
    assert the(found, "outbox").ok
    assert the(found, "outbox").fix == "unset NOTIFY_OUTBOX to really send"
    assert not world.sendgrid.requests
    assert not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert not the(examine(world, NOTIFY_OUTBOX=str(tmp_path / "file")), "outbox").ok


def test_a_redirect_and_a_heartbeat_that_always_fails_are_told(world: World) -> None:
    found = examine(
        world, NOTIFY_REDIRECT_EMAIL="staging@example.org", NOTIFY_HEARTBEAT_URL="https://hc.example.org/x/fail"
    )
    assert [check.detail for check in found["redirect"]] == [
        "NOTIFY_REDIRECT_EMAIL: all emails go to staging@example.org: a rehearsal, which uses nothing up",
        "Discord is stopped: the other channel is redirected, and NOTIFY_REDIRECT_DISCORD is not set",
    ]
    assert not the(found, "heartbeat").ok


def test_a_host_whose_clock_is_wrong_is_told(ready_db: str) -> None:
    with db.connect(ready_db) as connection:
        _, behind = database.server(connection, lambda: time.time() - 120)
        _, ahead = database.server(connection, lambda: time.time() + 3600)
        assert len(database.server(connection)) == 1
    assert not behind.ok
    assert behind.detail == "this host's clock is 2 minutes behind the database's"
    assert ahead.detail == "this host's clock is 1 hour ahead of the database's"


def test_on_a_terminal_the_mend_stands_below_and_the_sum_at_the_end(world: World) -> None:
    shown = on_terminal("doctor", {"DATABASE_URL": world.url})
    assert max(map(len, shown.splitlines())) <= 80
    assert "FAULT  settings" in shown
    assert "\n    -> set it to a sender that is verified in SendGrid\n" in shown
    assert shown.endswith("faults: mend them as said above.\n")


def test_it_says_why_a_key_with_a_foreign_server_is_of_no_use() -> None:
    with FakeSendGrid(key="another") as sendgrid, FakeDiscord(token="another") as discord:
        settings = Settings(
            sendgrid_api_key=KEY,
            sendgrid_api_url=sendgrid.url,
            discord_bot_token="mine",
            discord_api_url=f"{discord.url}/api/v10",
        )
        found = by_name(doctor.examine(settings))
    assert the(found, "SendGrid").fix == "set SENDGRID_API_KEY to a valid key"
    assert the(found, "Discord").fix == "set DISCORD_BOT_TOKEN to the bot's token"


def test_what_is_due_beside_an_older_log_may_come_of_a_restore(world: World) -> None:
    alice, bob = world.platform.people("alice", "bob")
    world.platform.enrolment(alice, at=world.now - timedelta(hours=1))
    assert "notify baseline" in (the(examine(world), "sweeps").fix or "")
    world.sweep()
    world.connection.execute("update reminders_log set sent_at = sent_at - interval '2 hours'")
    world.platform.enrolment(bob, at=world.now - timedelta(hours=1))
    assert "notify baseline" in (the(examine(world), "sweeps").fix or "")
