"""`reconcile`: what bounced is not delivered, and nothing goes where the provider delivers nothing, until lifted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli.channels import suppressions
from tests.support.fakes.http import Close, Reply
from tests.support.shell import Shell
from tests.support.world import World


def entry(world: World, address: str, *, hours: float = 0, reason: str = "550 5.1.1 no such user") -> dict[str, Any]:
    created = int((world.now + timedelta(hours=hours)).timestamp())
    return {"created": created, "email": address, "reason": reason, "status": "5.1.1"}


def bounced(shell: Shell) -> int:
    """alice, whose welcome was accepted and came back, with a reminder due."""
    world = shell.world
    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now)
    assert shell("sweep-due").code == 0
    world.sendgrid.suppressed["bounces"] = [
        *(entry(world, f"other{number}@example.org") for number in range(5)),
        entry(world, "Alice@example.org", reason="550 alice@example.org: no such user"),
    ]
    world.meeting_in(world.platform.group("Otters", members=[alice]), hours=0.9)
    return alice


def test_a_bounce_is_not_delivered_and_nothing_more_goes_there(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suppressions, "PAGE", 4)
    alice = bounced(shell)
    done = shell("reconcile", "--json")
    assert (done.code, done.json) == (0, {"suppressed": 6, "lifted": 0, "closed": 1})
    [row] = [row for row in shell.world.log() if row["reminder_type"] == "welcome"]
    assert (row["status"], row["error"]) == ("bounced", "550 <address>: no such user")
    before = len(shell.world.sendgrid.mails)
    assert shell("sweep-due").code == 0
    assert len(shell.world.sendgrid.mails) == before
    verdicts = {one["rule"]: one for one in shell("explain", "--user", alice, "--json").json}
    assert verdicts["welcome"]["verdict"] == "bounced"
    assert verdicts["meeting_reminder_1h"]["verdict"] == "suppressed"
    assert "notify reconcile" in verdicts["meeting_reminder_1h"]["reason"]


def test_the_next_run_asks_for_new_entries_and_for_each_address_by_itself(shell: Shell) -> None:
    alice = bounced(shell)
    assert shell("reconcile").code == 0
    shell.world.sendgrid.requests.clear()
    shell.world.sendgrid.suppressed["bounces"] = []
    done = shell("reconcile")
    assert done.out == "suppressed: 0\nlifted: 6\nclosed: 0\n"
    paths = [request.path for request in shell.world.sendgrid.requests]
    assert not any("start_time=1230768000" in path for path in paths)
    assert any(path.lower() == "/v3/suppression/bounces/alice@example.org" for path in paths)
    assert shell("sweep-due").code == 0
    assert shell.world.inboxes()[-1] == "alice@example.org"
    assert alice


def test_an_entry_that_still_stands_is_not_lifted(shell: Shell) -> None:
    bounced(shell)
    shell("reconcile")
    assert shell("reconcile", "--json").json == {"suppressed": 0, "lifted": 0, "closed": 0}


def test_a_block_tells_of_one_delivery_only(shell: Shell) -> None:
    world = shell.world
    world.platform.enrolment(world.platform.person("alice", discord_id=None), at=world.now)
    shell("sweep-due")
    world.sendgrid.suppressed["blocks"] = [entry(world, "alice@example.org", reason="451 greylisted")]
    assert shell("reconcile", "--json").json == {"suppressed": 0, "lifted": 0, "closed": 1}
    assert {row["status"] for row in world.log()} == {"bounced"}


@pytest.mark.parametrize("listed", ["invalid_emails", "spam_reports", "unsubscribes"])
def test_every_list_suppresses_and_lifts(shell: Shell, listed: str) -> None:
    world = shell.world
    world.sendgrid.suppressed[listed] = [entry(world, "alice@example.org", hours=-200)]
    assert shell("reconcile", "--json").json["suppressed"] == 1
    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now)
    sent = shell("send", "welcome", "--user", alice, "--json").json
    assert [one["status"] for one in sent if one["method"] == "email"] == ["suppressed"]
    world.sendgrid.suppressed.clear()
    assert shell("reconcile", "--json").json["lifted"] == 1
    shell("sweep-due")
    assert world.inboxes() == ["alice@example.org"]


def test_a_list_that_was_not_read_whole_is_read_again(shell: Shell) -> None:
    bounced(shell)
    shell.world.sendgrid.script([Reply(503)])
    assert shell("reconcile").code == 75
    assert shell("reconcile", "--json").json["suppressed"] == 6
    shell.world.sendgrid.script(lambda _: Reply(403))
    refused = shell("reconcile")
    assert (refused.code, "suppression.read" in refused.err) == (69, True)


def test_doctor_remarks_that_it_never_ran(shell: Shell) -> None:
    first = shell("doctor").out
    assert "bounces stay unnoticed" in first, first
    shell("reconcile")
    assert "bounces stay unnoticed" not in shell("doctor").out


def test_where_nothing_leaves_the_machine_there_is_nothing_to_reconcile(shell: Shell, tmp_path: Path) -> None:
    assert "reconcile" not in shell("doctor", NOTIFY_OUTBOX=str(tmp_path)).out


def in_doubt(shell: Shell, *, arrived: bool, email: str = "alice@example.org") -> int:
    """alice, whose welcome was requested, and no answer came."""
    world = shell.world
    alice = world.platform.person("alice", email=email, discord_id=None)
    world.platform.enrolment(alice, at=world.now)
    world.sendgrid.script([Close(processed=arrived)])
    shell("sweep-due")
    [row] = world.log()
    assert row["status"] == "pending"
    return alice


def test_an_unknown_outcome_is_closed_by_the_providers_logs(shell: Shell) -> None:
    in_doubt(shell, arrived=True, email="o'brien@example.org")
    world = shell.world
    # Another mail to the same address, which this is not.
    world.sendgrid.logs.insert(0, {**world.sendgrid.logs[0], "sg_message_id": "other.1", "custom_args": {}})
    assert shell("reconcile", "--json").json == {"suppressed": 0, "lifted": 0, "closed": 1}
    [row] = world.log()
    assert (row["status"], row["error"], row["provider_message_id"]) == ("delivered", None, "fake-1")
    world.forget_waiting()
    shell("sweep-due")
    assert len(world.sendgrid.mails) == 1
    assert shell("reconcile", "--json").json["closed"] == 0


def test_what_the_provider_does_not_know_waits_for_its_retry(shell: Shell) -> None:
    in_doubt(shell, arrived=False)
    assert shell("reconcile", "--json").json["closed"] == 0
    shell.world.forget_waiting()
    shell("sweep-due")
    assert shell.world.inboxes() == ["alice@example.org"]


@pytest.mark.parametrize(("status", "reason", "words"), [
    ("bounced", "550 alice@example.org: no such user", "550 <address>: no such user"),
    ("blocked", "", "the receiving server blocked it"),
    ("dropped", "Bounced Address", "Bounced Address"),
])  # fmt: skip
def test_an_unknown_outcome_that_came_back_is_bounced(shell: Shell, status: str, reason: str, words: str) -> None:
    alice = in_doubt(shell, arrived=True)
    world = shell.world
    world.sendgrid.logs[0].update(status=status, reason=reason)
    assert shell("reconcile", "--json").json["closed"] == 1
    [row] = world.log()
    assert (row["status"], row["error"]) == ("bounced", words)
    # The address was refused, not the reader.
    world.platform.update("users", {"user_id": alice}, email="alice@new.example.org")
    shell("sweep-due")
    assert world.inboxes()[-1] == "alice@new.example.org"


def test_of_several_attempts_the_one_that_did_not_come_back_counts(shell: Shell) -> None:
    in_doubt(shell, arrived=True)
    logs = shell.world.sendgrid.logs
    logs.insert(0, {**logs[0], "sg_message_id": "first.1", "status": "dropped"})
    shell("reconcile")
    assert set(shell.world.statuses().values()) == {"delivered"}


def test_what_a_run_that_died_had_claimed_is_asked_for_too(shell: Shell) -> None:
    in_doubt(shell, arrived=True)
    world = shell.world
    world.connection.execute(
        "update reminders_log set context = null, claim_token = gen_random_uuid(), claimed_until = now() + '1 minute'"
    )
    assert shell("reconcile", "--json").json["closed"] == 0, "a run has it in its hands"
    world.connection.execute("update reminders_log set claimed_until = now()")
    assert shell("reconcile", "--json").json["closed"] == 1


def test_a_key_that_may_not_read_the_logs_is_said_and_all_else_is_done(shell: Shell) -> None:
    in_doubt(shell, arrived=True)
    world = shell.world
    world.sendgrid.suppressed["bounces"] = [entry(world, "bob@example.org")]
    world.sendgrid.script(lambda request: Reply(403) if request.path.startswith("/v3/logs") else None)
    done = shell("reconcile")
    assert (done.code, "the right to read Email Logs" in done.err) == (69, True)
    world.sendgrid.script(lambda _: None)
    assert shell("reconcile", "--json").json == {"suppressed": 0, "lifted": 0, "closed": 1}


@pytest.mark.parametrize("kept", ["alice@bücher.example", "alice@xn--bcher-kva.example"])
def test_an_international_domain_is_the_same_in_either_spelling(shell: Shell, kept: str) -> None:
    world = shell.world
    alice = world.platform.person("alice", email=kept, discord_id=None)
    world.platform.enrolment(alice, at=world.now)
    shell("sweep-due")
    assert world.inboxes() == ["alice@xn--bcher-kva.example"]
    world.sendgrid.suppressed["bounces"] = [entry(world, "alice@xn--bcher-kva.example")]
    assert shell("reconcile", "--json").json == {"suppressed": 1, "lifted": 0, "closed": 1}
    world.meeting_in(world.platform.group("Otters", members=[alice]), hours=0.9)
    verdicts = {one["rule"]: one["verdict"] for one in shell("explain", "--user", alice, "--json").json}
    assert verdicts["meeting_reminder_1h"] == "suppressed"
    world.sendgrid.suppressed.clear()
    assert shell("reconcile", "--json").json == {"suppressed": 0, "lifted": 1, "closed": 0}
    assert world.connection.execute("select from notify.suppressions").fetchall() == []


def test_a_bounced_mail_is_due_again_at_a_corrected_address(shell: Shell) -> None:
    alice = bounced(shell)
    shell("reconcile")
    shell.world.platform.update("users", {"user_id": alice}, email="alice@new.example.org")
    shell("sweep-due")
    assert shell.world.inboxes().count("alice@new.example.org") == 2  # the welcome, and the reminder
