"""What is shipped to run notify with: the crontab, systemd's units, the Kubernetes manifest, the Dockerfile."""

from __future__ import annotations

import fnmatch
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from notify_cli import __version__, cli
from tests.support.paths import PACKAGE, ROOT
from tests.support.world import World

NOTIFY = Path(sys.executable).with_name("notify")
# As they stand in everything that is shipped.
INSTALLED, ENV_FILE = "/opt/notify/.venv/bin/notify", "/etc/notify/notify.env"
COMMANDS = cli._COMMANDS.keys()

CRONTAB = [line for line in (ROOT / "crontab.example").read_text().splitlines() if re.match(r"[\d*]", line)]
UNITS = sorted((ROOT / "systemd").iterdir())
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user's rights are tried as root")
needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")


def command_of(line: str) -> str:
    """The notify command that a line of the crontab runs."""
    [found] = re.findall(rf"{INSTALLED} --env-file {ENV_FILE} ([a-z-]+)", line)
    return str(found)


def test_every_command_that_is_started_by_itself_exists() -> None:
    assert [command_of(line) for line in CRONTAB] == ["sweep-due", "reconcile", "audit", "doctor"]
    started = {path.name.partition("@")[2].removesuffix(".timer") for path in UNITS if path.name.startswith("notify@")}
    assert started - {".service"} == {"reconcile", "audit", "doctor"}
    assert {command_of(line) for line in CRONTAB} <= COMMANDS


# cron


@pytest.fixture
def env_file(world: World, tmp_path: Path) -> Path:
    """The settings of a host, on the fakes, that its account alone can read."""
    path = tmp_path / "notify.env"
    path.write_text("".join(f"{name}='{value}'\n" for name, value in world.environment().items()), encoding="utf-8")
    path.chmod(0o600)
    return path


def as_cron_runs(line: str, env_file: Path) -> subprocess.CompletedProcess[str]:
    """A line of the crontab, run as Debian's cron does: by /bin/sh, with next to nothing in the environment."""
    assert "%" not in line  # which means a new line to cron
    command = line.split(maxsplit=5)[5].replace(INSTALLED, str(NOTIFY)).replace(ENV_FILE, str(env_file))
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env={"HOME": str(env_file.parent), "LOGNAME": "notify", "SHELL": "/bin/sh", "PATH": "/usr/bin:/bin"},
        cwd=env_file.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_crontabs_sweep_sends_and_says_nothing(world: World, env_file: Path) -> None:
    world.meeting_in(world.platform.group(members=[world.platform.person("alice")]), hours=23)
    ran = as_cron_runs(CRONTAB[0], env_file)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert world.inboxes() == ["alice@example.org"]


def test_the_crontabs_sweep_says_what_is_wrong(env_file: Path) -> None:
    env_file.write_text("DATABASE_URL=postgresql://127.0.0.1:9/platform\n" + env_file.read_text().partition("\n")[2])
    ran = as_cron_runs(CRONTAB[0], env_file)
    assert "notify: the database cannot be reached" in ran.stderr
    assert "going on" not in ran.stderr


def test_a_sweep_that_does_not_end_is_heard_of(world: World, env_file: Path) -> None:
    world.meeting_in(world.platform.group(members=[world.platform.person("alice")]), hours=23)
    impatient = CRONTAB[0].replace("-w 50", "-w 0")
    assert impatient != CRONTAB[0]
    with subprocess.Popen(
        ["flock", str(env_file), "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holding:
        assert holding.stdin
        assert holding.stdout
        holding.stdin.write("held\n")
        holding.stdin.flush()
        assert holding.stdout.readline() == "held\n"
        ran = as_cron_runs(impatient, env_file)
        holding.stdin.close()
    assert ran.stderr == "notify: a sweep has been going on for two minutes on this host\n"
    assert world.inboxes() == []


def test_without_mail_what_a_command_says_can_go_to_the_system_log(env_file: Path) -> None:
    page = (ROOT / "docs" / "install.md").read_text()
    [pattern] = re.findall(r"`(.*COMMAND.* logger -t notify)`", page)
    env_file.write_text("DATABASE_URL=postgresql://127.0.0.1:9/platform\n" + env_file.read_text().partition("\n")[2])
    for line in CRONTAB:
        *times, command = line.split(maxsplit=5)
        told = pattern.replace("COMMAND", command).replace("logger -t notify", "sed 's/^/to the log: /'")
        ran = as_cron_runs(" ".join([*times, told]), env_file)
        assert ran.stderr == "", command
        assert "to the log: notify: " in ran.stdout, command


@needs_root
def test_nobody_else_can_hold_the_lock_of_the_sweeps(env_file: Path) -> None:
    for folder in env_file.parents:
        folder.chmod(folder.stat().st_mode | 0o011)
        if folder.parent == Path(folder.root) / "tmp":
            break
    nobody = pwd.getpwnam("nobody").pw_uid
    done = subprocess.run(["flock", "-n", env_file, "true"], user=nobody, capture_output=True, text=True, check=False)
    assert done.returncode == 66  # EX_NOINPUT: flock cannot open it
    assert "Permission denied" in done.stderr


@pytest.mark.parametrize("line", [line for line in CRONTAB[1:] if command_of(line) in cli._COMMANDS], ids=command_of)
def test_the_other_lines_of_the_crontab_run(line: str, env_file: Path) -> None:
    ran = as_cron_runs(line, env_file)
    assert ran.stdout == ""
    assert (ran.returncode, ran.stderr) == (0, "")


# systemd


@needs_systemd
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(INSTALLED, str(NOTIFY)))
    started = [path.name for path in UNITS if path.name != "notify@.service"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *started],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "notify" in line and "User" not in line]
    assert (done.returncode, ours) == (0, [])


@needs_systemd
@pytest.mark.parametrize("name", ["notify.service", "notify@.service"])
def test_a_run_by_systemd_may_do_little(name: str, tmp_path: Path) -> None:
    unit = tmp_path / name.replace("@", "")
    shutil.copy(ROOT / "systemd" / name, unit)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def settings_of(name: str) -> dict[str, str]:
    lines = (ROOT / "systemd" / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))


def test_both_services_may_do_the_same() -> None:
    sweep, other = settings_of("notify.service"), settings_of("notify@.service")
    assert {name for name in sweep if sweep[name] != other.get(name)} == {"Description", "ExecStart", "TimeoutStartSec"}
    assert sweep.keys() == other.keys()


def test_systemd_waits_for_a_sweep_to_end_by_itself() -> None:
    assert int(settings_of("notify.service")["TimeoutStartSec"]) > 55 + 10
    assert settings_of("notify.timer")["AccuracySec"] == "1s"
    assert settings_of("notify.timer")["OnCalendar"] == "minutely"


# Kubernetes and the container


MANIFEST = yaml.safe_load((ROOT / "kubernetes" / "cronjob.yaml").read_text())
DOCKERFILE = (ROOT / "Dockerfile").read_text()


def pod() -> Any:
    return MANIFEST["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_the_manifest_starts_a_sweep_every_minute_and_lets_it_end() -> None:
    assert (MANIFEST["apiVersion"], MANIFEST["kind"]) == ("batch/v1", "CronJob")
    spec, job = MANIFEST["spec"], MANIFEST["spec"]["jobTemplate"]["spec"]
    assert (spec["schedule"], spec["concurrencyPolicy"]) == ("* * * * *", "Forbid")
    assert 10 <= spec["startingDeadlineSeconds"] < 60
    assert job["backoffLimit"] == 0
    assert job["activeDeadlineSeconds"] > 55 + 10
    assert pod()["restartPolicy"] == "Never"
    assert pod()["terminationGracePeriodSeconds"] >= 15
    [container] = pod()["containers"]
    assert container["args"] == ["sweep-due"]
    assert container["envFrom"] == [{"secretRef": {"name": "notify-settings"}}]


def test_the_manifests_pod_may_do_little() -> None:
    [container] = pod()["containers"]
    context = container["securityContext"]
    assert context == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod()["securityContext"]["runAsNonRoot"] is True
    assert (pod()["automountServiceAccountToken"], pod()["enableServiceLinks"]) == (False, False)
    assert f"USER {pod()['securityContext']['runAsUser']}:{pod()['securityContext']['runAsGroup']}" in DOCKERFILE


def test_the_manifest_names_this_release() -> None:
    assert pod()["containers"][0]["image"].endswith(f":{__version__}")


def test_the_page_on_installing_makes_of_it_a_job_for_another_command() -> None:
    page = (ROOT / "docs" / "install.md").read_text()
    [command] = re.findall(r"^\$ (sed .* kubernetes/cronjob\.yaml) \| kubectl", page, re.MULTILINE)
    done = subprocess.run(["/bin/sh", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True)
    made = yaml.safe_load(done.stdout)
    job = made["spec"]["jobTemplate"]["spec"]
    assert made["metadata"]["name"] == "notify-reconcile"
    assert (made["spec"]["schedule"], job["activeDeadlineSeconds"]) == ("43 * * * *", 600)
    assert job["template"]["spec"]["containers"][0]["args"] == ["reconcile"]
    assert {command_of(line): line.split()[0] for line in CRONTAB}["reconcile"] == "43"


def test_the_texts_are_where_the_page_on_installing_says() -> None:
    [container] = pod()["containers"]
    [mounted] = container["volumeMounts"]
    named = re.findall(r"`NOTIFY_(?:MESSAGES|COURSES)=(/etc\S+)/[\w.-]+`", (ROOT / "docs" / "install.md").read_text())
    assert set(named) == {mounted["mountPath"]}


def test_the_dockerfile_is_as_hadolint_wants_it() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_what_the_dockerfile_copies_is_there_and_is_all_that_it_is_given() -> None:
    copied = [
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    ]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    given = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    assert sorted(given) == sorted(copied)
    needed = re.findall(r'^"([\w.]+)" = "notify_cli/', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert needed
    assert all(any(fnmatch.fnmatch(name, pattern) for pattern in copied) for name in needed)


def test_the_container_is_not_roots_and_runs_notify() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert 'ENTRYPOINT ["notify"]' in last
    assert re.search(r"^USER (?!0)\d+:\d+$", last, re.MULTILINE)
    assert "pip install" not in last


# What is said to the people who operate it


def test_every_line_that_the_operators_page_explains_is_said_somewhere() -> None:
    page = (ROOT / "docs" / "operations.md").read_text().partition("## Each line")[2].partition("\n## ")[0]
    explained = [
        line for row in re.findall(r"^\| (`.*?`) \|", page, re.MULTILINE) for line in re.findall("`(.+?)`", row)
    ]
    assert len(explained) > 20
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py")) + "\n".join(CRONTAB)
    said = re.sub(r"\{[^{}]*\}", "", code) + code
    unsaid = [
        line
        for line in explained
        if line.rstrip() not in said and not re.match(r"1 outcome|DATABASE_URL|messages", line)
    ]
    assert unsaid == []


def test_every_command_and_exit_code_of_the_docs_exists() -> None:
    pages = {path.name: path.read_text() for path in (ROOT / "docs").glob("*.md")}
    used = {
        (name, command)
        for name in ("install.md", "operations.md", "integrate.md")
        for command in re.findall(
            r"\bnotify (?:--env-file \S+ )?([a-z]+(?:-[a-z]+)*)\b(?= --|$|`)", pages[name], re.MULTILINE
        )
    }
    assert len(used) > 10
    assert {(name, command) for name, command in used if command not in COMMANDS} == set()
