"""The demo: its database server, and a sample in which every rule and every exclusion has someone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from notify_cli import course, db, due
from notify_cli.config import Need, Settings
from notify_cli.demo.cluster import Cluster
from notify_cli.demo.server import DemoDatabase
from notify_cli.due import Policy
from notify_cli.errors import ConfigError, DatabaseError
from notify_cli.platform import schema
from tests.support.paths import DEMO_COURSE
from tests.support.postgres import Server, as_user, quick_folder, run_script

Verdicts = dict[tuple[str, str, str], set[str]]

COURSE = DEMO_COURSE


@pytest.fixture(scope="module")
def sample(server: Server) -> Iterator[psycopg.Connection]:
    with server.database() as url, psycopg.connect(url, autocommit=True) as connection:
        run_script(connection, "sample.sql")
        yield connection


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    """A demo's folder for the tests that do not mind what others did in it."""
    with new_folder() as folder:
        yield folder


@pytest.fixture
def folder() -> Iterator[Path]:
    with new_folder() as folder:
        yield folder


@contextmanager
def new_folder() -> Iterator[Path]:
    """A folder yet to be made, with a space in its name, where any user may pass, unlike in pytest's own."""
    top = Path(tempfile.mkdtemp(prefix="notify-tests-", dir=quick_folder()))
    yield top / "a demo"
    shutil.rmtree(top)


@pytest.fixture(scope="module")
def verdicts(server: Server) -> Verdicts:
    """The verdict of every rule for everybody at this moment: the people by rule, method and verdict."""
    found: Verdicts = defaultdict(set)
    with server.database() as url, db.connect(url) as connection:
        run_script(connection, "sample.sql")
        schema.create(connection, catch_up=True)
        names = dict(db.rows(connection, "select user_id, lower(coalesce(first_name, discord_username)) from users"))
        policy = Policy.of(Settings(courses=COURSE))
        for candidate in due.find(connection, due.Window(), policy, verdicts=None):
            delivery = candidate.delivery
            person = delivery.recipient if delivery.user_id is None else names[delivery.user_id]
            found[delivery.reminder_type, delivery.method.value, candidate.verdict].add(person)
    return found


def count(connection: psycopg.Connection, query: str) -> int:
    row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return int(row[0])


def runs(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def test_the_sample_has_a_course_of_several_groups_and_zones(sample: psycopg.Connection) -> None:
    assert count(sample, "select count(*) from groups where status in ('forming', 'active') and cohort_id = 1") >= 3
    assert count(sample, "select count(*) from users") >= 14
    assert count(sample, "select count(distinct timezone) from users") >= 10
    assert count(sample, "select count(*) from users where timezone is null") == 1
    wrong = "select count(*) from users where timezone not in (select name from pg_timezone_names)"
    assert count(sample, wrong) == 1


def test_in_the_sample_every_rule_is_due_for_someone(verdicts: Verdicts) -> None:
    due = {(rule, method): people for (rule, method, verdict), people in verdicts.items() if verdict == "will_send"}
    assert due == {
        ("welcome", "email"): {"kevin", "laura", "ursula"},
        ("welcome", "discord_dm"): {"kevin", "laura", "ursula"},
        ("group_assigned", "email"): {"grace", "heidi", "judy", "kevin"},
        ("group_assigned", "discord_dm"): {"grace", "ivan", "judy", "kevin"},
        ("meeting_reminder_24h", "email"): {"alice", "bob", "dave", "victor"},
        ("meeting_reminder_24h", "discord_channel"): {"group_1"},
        ("meeting_reminder_1h", "email"): {"quentin", "rupert"},
        ("meeting_reminder_1h", "discord_channel"): {"group_2"},
        ("lesson_nudge_3d", "email"): {"heidi", "kevin"},
        ("lesson_nudge_3d", "discord_dm"): {"ivan", "kevin"},
        ("lesson_nudge_1d", "email"): {"alice", "dave", "victor"},
        ("lesson_nudge_1d", "discord_dm"): {"alice", "carol", "victor"},
        ("trial_nudge", "email"): {"olivia"},
        ("trial_nudge", "discord_dm"): {"olivia"},
    }


@pytest.mark.parametrize(
    ("rule", "method", "verdict", "person"),
    [
        ("meeting_reminder_24h", "email", "opted_out", "carol"),
        ("lesson_nudge_1d", "discord_dm", "opted_out", "dave"),
        ("welcome", "email", "opted_out", "wendy"),
        ("meeting_reminder_24h", "email", "not_a_member", "erin"),
        ("lesson_nudge_1d", "email", "account_deleted", "frank"),
        ("lesson_nudge_1d", "email", "joined_too_late", "grace"),
        ("lesson_nudge_1d", "email", "lessons_done", "bob"),
        ("lesson_nudge_3d", "email", "lessons_done", "judy"),
        ("group_assigned", "discord_dm", "no_address", "heidi"),
        ("group_assigned", "email", "no_address", "ivan"),
        ("group_assigned", "email", "group_inactive", "sybil"),
        ("group_assigned", "email", "group_inactive", "trent"),
        ("group_assigned", "email", "not_applicable", "ursula"),
        ("trial_nudge", "email", "not_applicable", "mike"),
        ("trial_nudge", "email", "lessons_done", "peggy"),
    ],
)
def test_in_the_sample_every_exclusion_has_someone(
    verdicts: Verdicts, rule: str, method: str, verdict: str, person: str
) -> None:
    assert person in verdicts[rule, method, verdict]


def test_a_series_skips_a_week_and_another_has_a_moved_meeting(sample: psycopg.Connection) -> None:
    gaps = """
        select scheduled_time_utc - lag(scheduled_time_utc) over series as gap
        from meetings where group_id in (1, 2, 3)
        window series as (partition by group_id order by scheduled_time_utc)
    """
    assert count(sample, f"select count(*) from ({gaps}) as g where gap = interval '14 days'") == 1
    assert count(sample, f"select count(*) from ({gaps}) as g where gap = interval '8 days'") == 1


def test_every_lesson_of_the_sample_is_in_the_course_file(sample: psycopg.Connection) -> None:
    found = course.load(COURSE).course_for("AI Safety Fundamentals")
    assert found is not None
    assert count(sample, "select count(*) from courses where course_name = 'AI Safety Fundamentals'") == 1
    for (lesson_id,) in sample.execute("select distinct lesson_id from lesson_sessions"):
        assert found.knows(lesson_id)
    assert found.slug == "ai-safety"
    assert [lesson.title for lesson in found.lessons_for(3)] == [
        "Goal misgeneralisation",
        "Reward hacking",
        "Deceptive alignment",
    ]
    assert all(found.title_of(entry.lesson_id) != entry.lesson_id for entry in found.entries)


def test_the_sample_leaves_the_ids_in_order(sample: psycopg.Connection) -> None:
    assert count(sample, "insert into users (nickname) values ('Xavier') returning user_id") == 24


def test_a_fresh_database_has_the_tables_that_it_promises(empty_db: str, platform_db: str) -> None:
    for url, expected in [(empty_db, 0), (platform_db, 2)]:
        with psycopg.connect(as_user(url)) as connection:
            assert count(connection, "select count(*) from pg_tables where tablename like 'reminder%log'") == expected
            assert count(connection, "select count(*) from users") == 0
            assert count(connection, "select count(*) from pg_roles where rolsuper and rolname = current_user") == 0


def test_the_server_restarts_and_keeps_what_was_committed(server: Server, platform_db: str) -> None:
    with psycopg.connect(platform_db) as connection:
        connection.execute("insert into users (nickname) values ('Alice')")
    server.restart(crash=True)
    with psycopg.connect(platform_db) as connection:
        assert count(connection, "select count(*) from users") == 1


def test_the_demo_needs_no_environment_and_heeds_no_account(used_folder: Path) -> None:
    environ = {"SENDGRID_API_KEY": "key", "DATABASE_URL": "postgresql://production/db", "NOTIFY_DM_INTERVAL": "0.5"}
    with DemoDatabase(used_folder) as demo:
        settings = demo.settings(environ)
    assert settings.outbox == used_folder / "outbox"
    assert settings.courses == used_folder / "course"
    assert settings.sendgrid_api_key == ""
    assert settings.dm_interval == 0.5
    assert "production" not in settings.database_url
    settings.require(Need.SENDING)


def test_the_demo_is_prepared_once_and_stops_its_server(folder: Path) -> None:
    prepared: list[str] = []
    with DemoDatabase(folder, prepared.append) as demo:
        url = demo.url
        assert runs(url)
    assert not runs(url)
    (folder / "course" / "ai-safety.yaml").write_text("slug: edited\nprogression: []\n", encoding="utf-8")
    with DemoDatabase(folder, prepared.append):
        pass
    assert len(prepared) == 1
    assert course.load(folder / "course").courses[0].slug == "edited"


def test_the_last_process_that_uses_the_demo_stops_the_server(used_folder: Path) -> None:
    program = "import pathlib, sys\nfrom notify_cli.demo.server import DemoDatabase\n"
    program += "with DemoDatabase(pathlib.Path(sys.argv[1])): print('up', flush=True); sys.stdin.read()\n"
    other = subprocess.Popen(
        [sys.executable, "-c", program, str(used_folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with other:
        assert other.stdout is not None
        assert other.stdout.readline() == "up\n"
        with DemoDatabase(used_folder) as demo:
            url = demo.url
        assert runs(url)
        other.communicate()
    assert other.returncode == 0
    assert not runs(url)


def test_a_killed_process_keeps_no_server_alive_for_ever(used_folder: Path) -> None:
    program = "import os, pathlib, sys\nfrom notify_cli.demo.server import DemoDatabase\n"
    program += "DemoDatabase(pathlib.Path(sys.argv[1])).__enter__(); os._exit(9)\n"
    assert subprocess.run([sys.executable, "-c", program, str(used_folder)], check=False).returncode == 9
    with DemoDatabase(used_folder) as demo:
        url = demo.url
    assert not runs(url)


def test_the_demo_starts_afresh_and_is_there_whole_or_not_at_all(folder: Path) -> None:
    def fail(_: str) -> None:
        raise DatabaseError("interrupted")

    with pytest.raises(DatabaseError, match="interrupted"), DemoDatabase(folder, fail):
        pass
    with DemoDatabase(folder) as demo:
        with psycopg.connect(demo.url) as connection:
            connection.execute("delete from users")
        (folder / "outbox").mkdir()
        demo.recreate()
        with psycopg.connect(demo.url) as connection:
            assert count(connection, "select count(*) from users") == 23
        assert not (folder / "outbox").exists()


def test_a_folder_deleted_under_a_running_demo_leaves_no_server(folder: Path) -> None:
    with DemoDatabase(folder) as demo, psycopg.connect(demo.url) as connection:
        pid = connection.info.backend_pid
        shutil.rmtree(folder)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_folder_that_cannot_be_used_is_a_configuration_error(folder: Path) -> None:
    folder.write_text("a file", encoding="utf-8")
    with pytest.raises(ConfigError, match="must be yours"), DemoDatabase(folder):
        pass


def test_a_server_runs_in_a_folder_of_any_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    cluster = Cluster(folder / f"""comma, "quote" $HOME '{"long" * 30}""" / "postgres")
    cluster.start()
    socket_folder = Path(str(conninfo_to_dict(cluster.url())["host"]))
    try:
        assert runs(cluster.url())
        assert socket_folder != cluster.folder
    finally:
        cluster.stop()
    assert not socket_folder.exists()
    cluster.stop()


def test_the_server_listens_on_no_network(server: Server) -> None:
    with psycopg.connect(server.cluster.url()) as connection:
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_as_root_the_server_runs_as_another_user(server: Server) -> None:
    if os.geteuid() != 0:
        pytest.skip("not root: the server runs as this user")
    assert server.cluster.folder.stat().st_uid != 0
