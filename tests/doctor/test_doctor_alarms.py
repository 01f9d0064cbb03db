"""`doctor` as an alarm: what it tells of each method by itself, where it writes, and from where settings came."""

from __future__ import annotations

import os
import re
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import db, doctor
from notify_cli.check import Check
from notify_cli.errors import EXIT_CONFIG, EXIT_FINDINGS, EXIT_OK
from tests.support.fakes.http import Reply
from tests.support.paths import ROOT
from tests.support.postgres import as_user
from tests.support.terminal import Command, bare, on_terminal
from tests.support.world import World

NO_CREDITS = Reply(401, {"errors": [{"message": "Maximum credits exceeded", "field": None, "help": None}]})


def the(world: World, name: str, **environment: str) -> Check:
    [check] = [one for one in doctor.examine(world.settings(**environment)) if one.check == name]
    return check


def env_file(tmp_path: Path, **values: str) -> Path:
    path = tmp_path / "notify.env"
    path.write_text("".join(f"{name}='{value}'\n" for name, value in values.items()), encoding="utf-8")
    path.chmod(0o600)
    return path


# Each method by itself


def test_email_that_is_dead_is_found_though_discord_delivers(world: World) -> None:
    for number in range(17):
        world.platform.enrolment(world.platform.person(f"member{number}"), at=world.now - timedelta(minutes=30))
    world.sendgrid.script(lambda request: NO_CREDITS if request.method == "POST" else None)
    summary = world.sweep()
    assert summary.by_method == {"email": 0, "discord_dm": 17, "discord_channel": 0}

    check = the(world, "sweeps")

    assert not check.ok
    assert re.match(
        r"17 messages are due since .+, by email; nothing has been sent so far; the last answer: ", check.detail
    )
    assert "SendGrid refuses our account (401): Maximum credits exceeded" in check.detail
    assert check.fix == "mend that first: what is still useful then goes out by itself"
    world.sendgrid.script([])
    world.sweep()
    assert the(world, "sweeps").ok


def test_what_the_provider_said_is_forgotten_with_the_next_try(world: World) -> None:
    world.platform.enrolment(world.platform.person("alice", discord_id=None), at=world.now - timedelta(minutes=30))
    world.sendgrid.script(lambda request: NO_CREDITS)
    world.sweep()
    contexts = "select context from reminders_log"
    assert [set(row[0]) for row in world.connection.execute(contexts)] == [{"account_refused"}]
    world.sendgrid.script([])
    assert world.sweep().delivered == 1
    assert [row[0] for row in world.connection.execute(contexts)] == [None]


def test_explain_says_why_a_refused_account_lets_it_wait(world: World, notify: Command) -> None:
    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now - timedelta(minutes=30))
    world.sendgrid.script(lambda request: NO_CREDITS)
    world.sweep()
    [reason] = [one["reason"] for one in notify(f"explain --user {alice} --json").json if one["rule"] == "welcome"]
    assert "goes out with the next sweep" in reason
    assert "Maximum credits exceeded" in reason


def test_a_backlog_of_dms_that_moves_is_no_finding(world: World) -> None:
    """All of them are due for half an hour; one went out just now, the pace lets the others wait."""
    for number in range(3):
        world.platform.enrolment(world.platform.person(f"m{number}", email=None), at=world.now - timedelta(minutes=30))
    assert world.sweep(world.settings(NOTIFY_DM_INTERVAL="30"), max_runtime=1).left == 2
    assert the(world, "sweeps").ok
    world.connection.execute("update reminders_log set sent_at = sent_at - interval '16 minutes'")
    assert the(world, "sweeps").detail.startswith("2 messages are due since ")


def test_a_channel_that_is_stopped_is_not_overdue(world: World) -> None:
    world.platform.enrolment(world.platform.person("alice", email=None), at=world.now - timedelta(minutes=30))
    assert the(world, "sweeps", NOTIFY_REDIRECT_EMAIL="carol@example.org").ok
    assert not the(world, "sweeps", NOTIFY_REDIRECT_DISCORD="42").ok


@pytest.mark.parametrize(
    ("reply", "ok", "detail"),
    [
        (Reply(200, {"remain": 900, "total": 1000, "next_reset": "2026-12-01"}), True, "900 of 1000 are left until"),
        (Reply(200, {"remain": 50, "total": 1000, "next_reset": "2026-12-01"}), True, "50 credits are left of 1000"),
        (
            Reply(200, {"remain": 0, "total": 100, "next_reset": "2026-12-01"}),
            False,
            "no credits are left of 100 until",
        ),
        (Reply(200, {"remain": 0, "total": 100, "overage": 7, "next_reset": "x"}), True, "0 credits are left of 100"),
        (Reply(403), True, "the key may not look up the credits"),
        (Reply(200, ["odd"]), True, "the key may not look up the credits"),
    ],
)
def test_sendgrids_credits_are_looked_up(world: World, reply: Reply, ok: bool, detail: str) -> None:
    world.sendgrid.script(lambda request: reply if request.path == "/v3/user/credits" else None)
    check = the(world, "SendGrid credits")
    assert check.ok is ok
    assert check.detail.startswith(detail)


# Where it writes


def test_findings_are_on_stderr_too_where_stdout_is_no_terminal(notify: Command) -> None:
    result = notify("doctor", DATABASE_URL="postgresql://x@127.0.0.1:1/x")
    assert result.code == EXIT_FINDINGS
    [told] = [line for line in result.err.splitlines() if "database" in line]
    assert told.startswith("notify: database: the database cannot be reached: ")
    assert told.endswith(" -> check DATABASE_URL and its server")
    faults = [line for line in result.out.splitlines() if line.startswith("FAULT")]
    assert len(faults) == len(result.err.splitlines())


def test_on_a_terminal_a_finding_is_told_once(world: World) -> None:
    assert on_terminal("doctor", {"DATABASE_URL": world.url}).count("FROM_EMAIL is not set") == 1


def _line_of_doctor() -> str:
    lines = (ROOT / "crontab.example").read_text(encoding="utf-8").splitlines()
    [line] = [line for line in lines if re.search(r"\bdoctor\b", line) and not line.startswith("#")]
    return line.split(maxsplit=5)[5]


@pytest.mark.parametrize("healthy", [True, False])
def test_the_crontabs_line_for_doctor_mails_findings_and_nothing_else(
    world: World, tmp_path: Path, healthy: bool
) -> None:
    """As cron runs it: by /bin/sh, in an almost empty environment; what it prints is the mail."""
    world.sendgrid.script(
        lambda request: (
            Reply(200, {"results": [{"from_email": "course@example.org", "verified": True}]})
            if request.path == "/v3/verified_senders"
            else None
        )
    )
    world.discord.script(lambda request: Reply(200, {"name": "X"}) if "/guilds/" in request.path else None)
    settings = world.environment() | ({} if healthy else {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"})
    line = _line_of_doctor().replace("/etc/notify/notify.env", str(env_file(tmp_path, **settings)))
    line = line.replace("/opt/notify/.venv/bin/notify", f"{ROOT}/.venv/bin/notify")
    # `%` ends cron's command, and is not in it.
    assert "%" not in line
    cron = {"HOME": str(tmp_path), "LOGNAME": "notify", "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    done = subprocess.run(
        ["/bin/sh", "-c", line], env=cron, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
    )
    mail = done.stdout + done.stderr
    assert (done.returncode, mail == "") == ((EXIT_OK, True) if healthy else (EXIT_FINDINGS, False)), mail
    if not healthy:
        assert mail.startswith("notify: database: the database cannot be reached: ")


# Detail and mend


def test_the_cause_is_in_the_detail_and_something_to_do_in_the_mend(world: World) -> None:
    with db.connect(world.url) as connection:
        connection.execute("create role hasty login superuser")
        connection.execute("alter role hasty set statement_timeout = '1ms'")
        try:
            settings = world.settings(DATABASE_URL=as_user(world.url, "hasty"))
            faults = [one for one in doctor.examine(settings) if one.check == "database" and not one.ok]
        finally:
            connection.execute("drop role hasty")
    assert [(one.detail, one.fix) for one in faults] == [
        (
            "the database cannot be used: canceling statement due to statement timeout",
            "find out what takes so long, or give the role in DATABASE_URL a longer statement_timeout",
        )
    ]


# Which settings


def test_it_names_the_server_the_database_and_the_role(world: World) -> None:
    check = the(world, "database")
    name = world.connection.info.dbname
    assert check.detail.startswith("PostgreSQL ")
    assert f", database {name}, role " in check.detail
    assert f" answers at {world.connection.info.host}:" in check.detail


def test_it_says_where_each_setting_came_from_and_which_won(world: World, notify: Command, tmp_path: Path) -> None:
    path = env_file(tmp_path, DATABASE_URL="postgresql://right@db.example.org/right", REPLY_TO="help@example.org")
    result = notify("--env-file", str(path), "doctor", "--json", FROM_NAME="")
    told = [line for line in result.json if line["check"] == "settings"]
    details = [line["detail"] for line in told]
    assert f"from {path}: REPLY_TO" in details
    assert any(re.match(r"from the environment: .*\bDATABASE_URL\b", detail) for detail in details)
    [won] = [line for line in told if line["detail"].startswith("DATABASE_URL ")]
    assert won["detail"] == "DATABASE_URL has another value in the env file: that of the environment is used"
    assert won["fix"] == "unset DATABASE_URL in the environment to use the file's"
    assert won["ok"]
    assert "db.example.org" not in result.out + result.err


def test_a_setting_that_says_the_same_twice_is_no_remark(world: World, notify: Command, tmp_path: Path) -> None:
    path = env_file(tmp_path, FROM_NAME="Example Course")
    assert "another value" not in notify("--env-file", str(path), "doctor", "--json").out


def test_a_parameter_of_another_driver_is_named_and_ignored(world: World, notify: Command) -> None:
    result = notify("doctor --json", DATABASE_URL=f"{world.url}&schema=public")
    [line] = [one for one in result.json if "schema" in one["detail"]]
    assert (line["check"], line["ok"]) == ("settings", True)
    assert line["detail"] == "DATABASE_URL: schema is no parameter of PostgreSQL's, it is ignored"
    assert notify("sweep-due", DATABASE_URL=f"{world.url}&schema=public").err == ""


@pytest.mark.parametrize("command", ["doctor", "sweep-due"])
def test_a_misspelt_safety_setting_in_the_env_file_sends_nothing(
    world: World, notify: Command, tmp_path: Path, command: str
) -> None:
    world.meeting_in(world.platform.group(members=world.platform.people("alice")), hours=23)
    path = env_file(tmp_path, NOTIFY_REDIRECT_EMIAL="carol@example.org")
    result = notify("--env-file", str(path), command)
    assert result.code == EXIT_CONFIG
    assert "NOTIFY_REDIRECT_EMIAL is not a setting" in result.err
    assert "did you mean NOTIFY_REDIRECT_EMAIL?" in result.err
    assert not world.sendgrid.requests
    assert world.log() == []


def test_a_misspelt_setting_in_the_environment_is_a_finding(notify: Command) -> None:
    result = notify("doctor --json", NOTIFY_REDIRECT_EMIAL="carol@example.org", NOTIFY_SOCKET="/run/systemd/notify")
    assert result.code == EXIT_FINDINGS
    [fault] = [line for line in result.json if not line["ok"]]
    assert fault["detail"] == "environment: NOTIFY_REDIRECT_EMIAL is not a setting"
    assert fault["fix"] == "did you mean NOTIFY_REDIRECT_EMAIL?"


@pytest.mark.parametrize("variable", ["SENDGRID_API_URL", "DISCORD_API_URL"])
@pytest.mark.parametrize("command", ["doctor", "sweep-due"])
def test_a_key_in_clear_is_refused_before_anything_is_asked(notify: Command, variable: str, command: str) -> None:
    result = notify(command, **{variable: "http://mail.example.org"})
    assert result.code == EXIT_CONFIG
    assert f"{variable} sends the key in clear" in result.err


def test_a_wrong_setting_is_mended_where_it_came_from(notify: Command, tmp_path: Path) -> None:
    path = env_file(tmp_path, NOTIFY_MEETING_MINUTES="often")
    result = notify("--env-file", str(path), "doctor", "--json", REPLY_TO="nobody")
    assert result.code == EXIT_CONFIG
    assert {line["detail"]: line["fix"] for line in result.json} == {
        "NOTIFY_MEETING_MINUTES is not a number": f"correct it in {path}",
        "REPLY_TO is not an email address": "correct it in the environment",
    }


def test_an_env_file_that_is_not_there_is_configuration(notify: Command, tmp_path: Path) -> None:
    result = notify("--env-file", str(tmp_path / "none.env"), "doctor")
    assert result.code == EXIT_CONFIG
    assert "none.env: No such file or directory" in result.err


def test_a_database_without_anything_is_sent_to_init_db(empty_db: str) -> None:
    environment = bare() | {"DATABASE_URL": empty_db, "NOTIFY_OUTBOX": os.devnull + "x"}
    shown = " ".join(on_terminal("doctor", environment).split())
    assert "run notify init-db" in shown


def test_rows_of_a_channel_that_is_no_more_stop_no_check(world: World) -> None:
    world.connection.execute("alter type delivery_method add value 'pigeon'")
    world.platform.log_row(notification_key="a/-/pigeon/user_1", delivery_method="pigeon", delivery_status="failed")
    assert the(world, "sweeps").ok
    assert the(world, "deliveries").ok
