"""How it stands, for people, for programs and for Prometheus; and what each sweep writes for those who watch."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli.errors import EXIT_CONFIG, EXIT_OK
from tests.support.paths import ROOT
from tests.support.shell import Shell
from tests.support.world import World

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def busy(world: World) -> None:
    """Two DMs wait, two went out half a minute and a minute after they were due; carol's address is suppressed."""
    for name in ("alice", "bob"):
        world.platform.enrolment(world.platform.person(name, email=None), at=world.now - 3 * HOUR)
    world.sweep()
    world.connection.execute(
        "update reminders_log set sent_at = due_at + reminder_id % 2 * interval '30 s' + interval '30 s'"
    )
    for name in ("dan", "erin"):
        world.platform.enrolment(world.platform.person(name, email=None), at=world.now - HOUR)
    world.platform.person("carol")
    world.connection.execute("insert into notify.suppressions values ('Carol@example.org', 'bounce', now())")


def test_everything_at_this_moment(world: World, shell: Shell) -> None:
    busy(world)
    found = shell("status", "--json", NOTIFY_DM_INTERVAL="2").json
    [(host, at)] = world.connection.execute("select host, last_swept_at from notify.runs").fetchall()
    assert found["host"] == host
    assert found["last_sweep_at"][:19] == at.isoformat()[:19]
    assert found["overdue"]["discord_dm"]["count"] == 2
    assert found["overdue"]["discord_dm"]["oldest_due_at"] == (world.now - HOUR).isoformat().replace("+00:00", "Z")
    assert found["overdue"]["email"] == {"count": 0, "oldest_due_at": None}
    assert found["last_24h"] == {"delivered": 2, "failed": 0, "expired": 0}
    assert found["latency_seconds"] == {"p50": 60, "p95": 60, "max": 60}
    assert found["dm_backlog"]["count"] == 2
    assert found["dm_backlog"]["done_at"] > world.now.isoformat()
    assert found["suppressed"] == 1


def test_a_new_installation_has_figures_too(world: World, shell: Shell) -> None:
    found = shell("status", "--json").json
    assert (found["last_sweep_at"], found["host"]) == (None, None)
    assert found["latency_seconds"] == {"p50": None, "p95": None, "max": None}
    assert "nobody has swept so far" in shell("status").out


def test_people_get_lines(world: World, shell: Shell) -> None:
    busy(world)
    out = shell("status").out
    assert "2 by Discord DM, since " in out
    assert "2 delivered, 0 failed, 0 expired" in out
    assert "1 people" in out


def accepted(text: str) -> None:
    """By promtool, where it is installed; by the form of each line anyway."""
    line = r'(# (HELP|TYPE) notify_\w+ .+|notify_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? -?[0-9.e+]+)'
    assert all(re.fullmatch(line, one) for one in text.splitlines())
    if (promtool := shutil.which("promtool")) is None:
        return
    done = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_prometheus_accepts_the_figures_of_status_and_of_a_sweep(world: World, shell: Shell, tmp_path: Path) -> None:
    busy(world)
    accepted(shell("status", "--prometheus").out)
    file = tmp_path / "notify.prom"
    assert shell("sweep-due", NOTIFY_METRICS_FILE=str(file)).code == EXIT_OK
    accepted(file.read_text(encoding="utf-8"))
    assert 'notify_sweep_delivered{method="discord_dm"} 2' in file.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [file]
    assert file.stat().st_mode & 0o777 == 0o644


@pytest.mark.skipif(shutil.which("promtool") is None, reason="needs promtool (Debian: prometheus)")
def test_promtool_is_the_judge(world: World, shell: Shell) -> None:
    done = subprocess.run(
        ["promtool", "check", "metrics"], input="no metric", capture_output=True, text=True, check=False
    )
    assert done.returncode != 0


def test_every_metric_is_documented(world: World, shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "notify.prom"
    shell("sweep-due", NOTIFY_METRICS_FILE=str(file))
    text = shell("status", "--prometheus").out + file.read_text(encoding="utf-8")
    names = set(re.findall(r"# TYPE (\w+)", text))
    documented = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert len(names) > 10
    assert names == set(re.findall(r"`(notify_\w+)[`{]", documented))


def test_a_line_of_json_for_each_run_on_stdout_or_in_a_file(world: World, shell: Shell, tmp_path: Path) -> None:
    told = json.loads(shell("sweep-due", NOTIFY_LOG="json").out)
    assert (told["command"], told["due"], told["exit_code"], told["faults"]) == ("sweep-due", 0, 0, [])
    file = tmp_path / "runs.jsonl"
    for _ in range(2):
        ran = shell("sweep-due", NOTIFY_LOG=str(file))
        assert (ran.code, ran.out, ran.err) == (EXIT_OK, "", "")
    assert [json.loads(line)["delivered"] for line in file.read_text(encoding="utf-8").splitlines()] == [0, 0]


def test_the_line_of_a_run_leaves_stdout_to_the_json_that_was_asked_for(world: World, shell: Shell) -> None:
    ran = shell("sweep-due", "--json", NOTIFY_LOG="json")
    assert ran.json["delivered"] == 0
    assert json.loads(ran.err)["command"] == "sweep-due"


@pytest.mark.parametrize("setting", ["NOTIFY_LOG", "NOTIFY_METRICS_FILE"])
def test_what_cannot_be_written_is_a_fault(world: World, shell: Shell, tmp_path: Path, setting: str) -> None:
    relative = shell("sweep-due", **{setting: "runs.jsonl"})
    assert relative.code == EXIT_CONFIG
    assert setting in relative.err
    away = shell("sweep-due", **{setting: str(tmp_path / "none" / "file")})
    assert away.code == EXIT_CONFIG
    assert f"{setting}: " in away.err


# show


def test_one_delivery_is_shown_whole(world: World, shell: Shell) -> None:
    from tests.support.fakes.http import Reply

    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now - HOUR)
    world.sendgrid.script(lambda request: Reply(503, {"errors": [{"message": "away"}]}))
    world.sweep()
    world.sendgrid.script([])
    world.forget_waiting()
    world.sweep()
    [row] = world.log()

    found = shell("show", row["reminder_id"], "--json").json

    assert [(one["outcome"], bool(one["error"])) for one in found["attempts"]] == [
        ("retrying", True),
        ("delivered", False),
    ]
    assert all(one["at"] for one in found["attempts"])
    assert found["message"] == row["message"]
    assert found["provider_message_id"] == row["provider_message_id"]
    out = shell("show", row["reminder_id"]).out
    assert f"user_{alice} (alice)" in out
    assert "503" in out
    assert "Hi alice" in out


def test_a_delivery_that_is_not_there_is_an_error(world: World, shell: Shell) -> None:
    ran = shell("show", 4711)
    assert (ran.code, ran.out) == (2, "")
    assert "there is no delivery 4711" in ran.err


def test_of_many_attempts_the_first_and_the_last_are_kept(world: World, shell: Shell) -> None:
    from tests.support.fakes.http import Reply

    world.platform.enrolment(world.platform.person("alice", discord_id=None), at=world.now - HOUR)
    for number in range(23):
        world.sendgrid.script([Reply(503, {"errors": [{"message": f"away {number}"}]})])
        world.sweep()
        world.forget_waiting()
    [row] = world.log()
    attempts = shell("show", row["reminder_id"], "--json").json["attempts"]
    assert len(attempts) == 20
    assert "away 0" in attempts[0]["error"]
    assert "away 22" in attempts[-1]["error"]
