"""Whom a refusal belongs to: the account, the address that was refused, or a right that can be given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from notify_cli import due
from notify_cli.due import Policy, Window
from notify_cli.errors import EXIT_OK, EXIT_UNAVAILABLE
from tests.support.fakes.http import Reply, Request
from tests.support.world import World

RIGHTS = (50013, 50001, 160005)


def refused(field: str | None, status: int = 400) -> Reply:
    return Reply(status, {"errors": [{"message": "It is not valid.", "field": field, "help": None}]})


def forbidden(code: int) -> Reply:
    return Reply(403, {"code": code, "message": "No."})


def is_post(request: Request) -> bool:
    return request.path.endswith("/messages")


@pytest.fixture
def group(world: World) -> int:
    """The Otters: alice and bob, who meet in 55 minutes."""
    otters = world.platform.group("Otters", members=world.platform.people("alice", "bob"))
    world.meeting_in(otters, hours=55 / 60)
    return otters


def sequence(world: World) -> int:
    name = world.connection.execute("select pg_get_serial_sequence('reminders_log', 'reminder_id')").fetchone()
    assert name is not None
    found = world.connection.execute(f"select last_value from {name[0]}").fetchone()
    assert found is not None
    return int(found[0])


@pytest.mark.parametrize("field", ["from", "from.email", "reply_to", "reply_to.email", "headers", "headers.List-Id"])
def test_a_400_about_what_every_email_says_of_us_is_the_accounts(world: World, group: int, field: str) -> None:
    world.sendgrid.script(lambda request: refused(field))
    summary = world.sweep()
    assert summary.exit_code == EXIT_UNAVAILABLE
    assert (summary.by_method["email"], summary.by_method["discord_channel"]) == (0, 1)
    assert "It is not valid." in summary.faults[0]
    assert field in summary.faults[0]
    assert {row["attempts"] for row in world.log() if row["method"] == "email"} == {0}
    world.sendgrid.script(())
    assert world.sweep().by_method["email"] == 2
    assert sorted(world.inboxes()) == ["alice@example.org", "bob@example.org"]


@pytest.mark.parametrize("field", ["personalizations.0.to.0.email", "personalizations", "subject", "content.0", None])
def test_a_400_about_one_email_is_that_emails(world: World, group: int, field: str | None) -> None:
    world.sendgrid.script([refused(field)])
    summary = world.sweep()
    assert (summary.exit_code, summary.failed, summary.by_method["email"]) == (EXIT_OK, 1, 1)


def test_a_refused_account_uses_no_ids_up(world: World, group: int) -> None:
    world.sendgrid.script(lambda request: refused(None, 401))
    assert world.sweep().exit_code == EXIT_UNAVAILABLE
    rows = len(world.log())
    for _ in range(3):
        assert world.sweep().exit_code == EXIT_UNAVAILABLE
    assert sequence(world) <= rows == len(world.log())


def test_an_account_that_discord_wants_verified_is_nobodys_fault(world: World) -> None:
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    world.discord.script(lambda request: forbidden(40002) if is_post(request) else None)
    summary = world.sweep()
    assert summary.exit_code == EXIT_UNAVAILABLE
    assert world.statuses()[f"user_{alice}_welcome/-/discord_dm/user_{alice}"] == "pending"
    world.discord.script(())
    assert world.sweep().by_method["discord_dm"] == 1


@pytest.mark.parametrize("code", RIGHTS)
def test_a_post_waits_for_a_right_that_was_taken_away(world: World, group: int, code: int) -> None:
    world.discord.script([forbidden(code)])
    world.sweep()
    [post] = [row for row in world.log() if row["method"] == "discord_channel"]
    assert (post["status"], f"code {code}" in post["error"]) == ("pending", True)
    found = due.find(world.connection, Window(), Policy(), verdicts=None, free_only=False)
    assert [c.verdict for c in found if c.delivery.method.way.post] == ["retrying"]
    world.forget_waiting()
    assert world.sweep().by_method["discord_channel"] == 1
    world.forget_waiting()
    assert world.sweep().due == 0
    assert len(world.discord.messages) == 1


def test_a_mended_address_gets_what_was_refused_at_the_old_one(world: World) -> None:
    alice = world.platform.person("alice", email="alice@@example.org")
    world.platform.enrolment(alice, at=world.now)
    key = f"user_{alice}_welcome/-/email/user_{alice}"
    world.sweep()
    assert world.statuses()[key] == "failed"
    assert world.sweep().due == 0
    world.connection.execute("update users set email = 'alice@example.org'")
    assert world.sweep().by_method["email"] == 1
    assert world.inboxes() == ["alice@example.org"]
    assert world.statuses()[key] == "delivered"
    assert world.sweep().due == 0


def test_an_address_that_the_provider_refused_is_tried_again_once_it_is_another(world: World, group: int) -> None:
    world.sendgrid.script(lambda request: refused("personalizations.0.to.0.email"))
    assert world.sweep().failed == 2
    world.sendgrid.script(())
    assert world.sweep().due == 0
    world.connection.execute("update users set email = 'new@example.org' where nickname = 'alice'")
    assert world.sweep().due == 1
    assert world.inboxes() == ["new@example.org"]


def test_what_is_no_longer_useful_stays_refused_at_any_address(world: World, group: int) -> None:
    world.sendgrid.script(lambda request: refused("personalizations.0.to.0.email"))
    world.sweep()
    world.sendgrid.script(())
    world.connection.execute("update users set email = 'new@example.org' where nickname = 'alice'")
    assert world.sweep(now=world.now + timedelta(minutes=30)).due == 0


def test_a_channel_that_is_replaced_gets_the_post(world: World, group: int) -> None:
    [channel] = world.connection.execute("select discord_text_channel_id from groups").fetchall()
    world.discord.gone.add(channel[0])
    assert world.sweep().by_method["discord_channel"] == 0
    assert world.sweep().due == 0
    world.connection.execute("update groups set discord_text_channel_id = '900000000000000077'")
    assert world.sweep().by_method["discord_channel"] == 1


@pytest.mark.parametrize("remembered", ["../x", "", "a b", "1" * 65, "\u0661\u0662"])
def test_a_dm_channel_that_is_wrongly_remembered_is_opened_anew(world: World, remembered: str) -> None:
    alice = world.platform.person("alice", discord_id="100000000000000001")
    world.platform.enrolment(alice, at=world.now)
    world.connection.execute("insert into notify.dm_channels values ('100000000000000001', %s)", [remembered])
    assert world.sweep().by_method["discord_dm"] == 1
    kept = world.connection.execute("select channel_id from notify.dm_channels").fetchall()
    assert kept == [(world.discord.dm_channel("100000000000000001"),)]


def test_posts_into_one_channel_do_not_overrun_a_bucket_that_is_not_known_yet(world: World) -> None:
    otters = world.platform.group("Otters", members=world.platform.people("alice"))
    for hours in (23, 22, 55 / 60):
        world.meeting_in(otters, hours=hours)
    world.discord.message_limit = (1, 0.3)
    assert world.sweep().by_method["discord_channel"] == 3
    # One that was answered 429 would have been asked again.
    assert sum(map(is_post, world.discord.requests)) == 3
