"""Settings: what each one takes, where they come from, and that nothing secret is ever shown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from notify_cli import config
from notify_cli.config import Settings
from notify_cli.config.values import QuietHours
from notify_cli.due.policy import Policy, expand
from notify_cli.errors import EXIT_CONFIG, ConfigError, UsageError
from tests.support.paths import ROOT

README = ROOT / "README.md"

FULL = {
    "DATABASE_URL": "postgresql://notify:hunter2@db.example.org/platform",
    "SENDGRID_API_KEY": "SG.secret",
    "SENDGRID_API_URL": "http://127.0.0.1:9000/",
    "FROM_EMAIL": "course@example.org",
    "FROM_NAME": "AI Safety Course",
    "REPLY_TO": "help@example.org",
    "DISCORD_BOT_TOKEN": "bot.secret",
    "DISCORD_API_URL": "http://127.0.0.1:9001/api/v10",
    "DISCORD_SERVER_ID": "800000000000000001",
    "DISCORD_INVITE_URL": "https://discord.gg/example",
    "FRONTEND_URL": "https://example.org/",
    "NOTIFY_DISABLED": "welcome, trial_nudge,,welcome",
    "NOTIFY_MEETING_MINUTES": "90",
    "NOTIFY_DM_INTERVAL": "1.5",
    "NOTIFY_EMAIL_CONCURRENCY": "8",
    "NOTIFY_REDIRECT_EMAIL": "staging@example.org",
    "NOTIFY_REDIRECT_DISCORD": "100000000000000009",
    "NOTIFY_UNSUBSCRIBE_URL": "https://example.org/unsubscribe",
    "NOTIFY_QUIET_HOURS": "22:00-7:00",
    "NOTIFY_URL_PROFILE": "{frontend}/me",
    "NOTIFY_URL_LESSON": "{frontend}/course/{course}/module/{lesson_id}",
    "NOTIFY_URL_COURSE": "{frontend}/course/{course}",
    "NOTIFY_HEARTBEAT_URL": "https://hc.example.org/ping/secret",
}


def faults(environ: dict[str, str], env_file: Path | None = None) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        config.load(environ, env_file)
    assert caught.value.exit_code == EXIT_CONFIG
    return caught.value.lines


def write(folder: Path, text: str) -> Path:
    path = folder / "notify.env"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_setting_is_read(tmp_path: Path) -> None:
    messages, courses = tmp_path / "messages.yaml", tmp_path / "courses"
    messages.touch()
    courses.mkdir()
    paths = {"NOTIFY_MESSAGES": messages, "NOTIFY_COURSES": courses, "NOTIFY_OUTBOX": tmp_path / "outbox"}
    assert config.load(FULL | {name: str(path) for name, path in paths.items()}) == Settings(
        database_url="postgresql://notify:hunter2@db.example.org/platform",
        sendgrid_api_key="SG.secret",
        sendgrid_api_url="http://127.0.0.1:9000",
        from_email="course@example.org",
        from_name="AI Safety Course",
        reply_to="help@example.org",
        discord_bot_token="bot.secret",
        discord_api_url="http://127.0.0.1:9001/api/v10",
        discord_server_id="800000000000000001",
        discord_invite_url="https://discord.gg/example",
        frontend_url="https://example.org",
        messages=messages,
        courses=courses,
        disabled=("welcome", "trial_nudge"),
        meeting_duration=timedelta(minutes=90),
        dm_interval=1.5,
        email_concurrency=8,
        outbox=tmp_path / "outbox",
        redirect_email="staging@example.org",
        redirect_discord="100000000000000009",
        unsubscribe_url="https://example.org/unsubscribe",
        quiet_hours=QuietHours(time(22), time(7)),
        url_profile="{frontend}/me",
        url_lesson="{frontend}/course/{course}/module/{lesson_id}",
        url_course="{frontend}/course/{course}",
        heartbeat_url="https://hc.example.org/ping/secret",
    )


def test_each_field_is_declared_under_a_name_of_its_own() -> None:
    told = {"origins", "overridden", "unknown", "foreign"}  # about the settings, not settings
    assert list(config.DECLARED) == [field.name for field in dataclasses.fields(Settings) if field.name not in told]
    assert len({declared.variable for declared in config.DECLARED.values()}) == len(config.DECLARED)


def test_the_readme_names_every_setting_and_no_other() -> None:
    _, _, after = README.read_text(encoding="utf-8").partition("\n## Settings\n")
    rows = re.findall(r"^\| (`.+?) \|", after.partition("\n## ")[0], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`([A-Z_]+)`", row)]
    assert sorted(named) == sorted(declared.variable for declared in config.DECLARED.values())


def test_nothing_is_needed_to_start() -> None:
    settings = config.load({})
    assert settings == Settings()
    assert settings.sendgrid_api_url == "https://api.sendgrid.com"
    assert settings.discord_api_url == "https://discord.com/api/v10"
    assert (settings.meeting_duration, settings.dm_interval) == (timedelta(hours=1), 1.0)


def test_an_empty_value_is_no_value() -> None:
    assert config.load(dict.fromkeys(FULL, "")) == config.load(dict.fromkeys(FULL, "  ")) == Settings()


def test_an_outbox_needs_no_sender_and_no_site(tmp_path: Path) -> None:
    settings = config.load({"NOTIFY_OUTBOX": str(tmp_path), "DATABASE_URL": "postgresql://localhost/platform"})
    assert settings.from_email
    assert settings.frontend_url.startswith("https://")
    settings.require(config.Need.SENDING)


# Faults


@pytest.mark.parametrize(
    ("name", "value", "complaint"),
    [
        ("DATABASE_URL", "mysql://localhost/x", "is not a PostgreSQL URL"),
        ("DATABASE_URL", "localhost", "is not a PostgreSQL URL"),
        ("SENDGRID_API_KEY", "SG.a b", "contains a space"),
        ("SENDGRID_API_KEY", "SG.é", "contains a space or a character that no key has"),
        ("SENDGRID_API_URL", "api.sendgrid.com", "is not an http(s) URL"),
        ("FROM_EMAIL", "course", "is not an email address"),
        ("FROM_EMAIL", "Course <course@example.org>", "is not an email address"),
        ("REPLY_TO", "a@b@c", "is not an email address"),
        ("DISCORD_BOT_TOKEN", "Bot abc", "contains a space"),
        ("DISCORD_API_URL", "ftp://discord.com", "is not an http(s) URL"),
        ("DISCORD_SERVER_ID", "my server", "is not a Discord id"),
        ("DISCORD_SERVER_ID", "١٢٣", "is not a Discord id"),
        ("DISCORD_INVITE_URL", "discord.gg/x", "is not an http(s) URL"),
        ("FRONTEND_URL", "https://", "is not an http(s) URL"),
        ("FRONTEND_URL", "https://exa mple.org", "is not an http(s) URL"),
        ("FRONTEND_URL", "https://[::1", "is not an http(s) URL"),
        ("FRONTEND_URL", "https://example.org:port", "is not an http(s) URL"),
        ("NOTIFY_MESSAGES", "/nowhere/messages.yaml", "does not exist"),
        ("NOTIFY_COURSES", "/nowhere", "does not exist"),
        ("NOTIFY_MEETING_MINUTES", "an hour", "is not a number"),
        ("NOTIFY_MEETING_MINUTES", "0", "is out of range"),
        ("NOTIFY_MEETING_MINUTES", "nan", "is out of range"),
        ("NOTIFY_DM_INTERVAL", "-1", "is out of range"),
        ("NOTIFY_DM_INTERVAL", "inf", "is out of range"),
        ("NOTIFY_EMAIL_CONCURRENCY", "0", "is not a whole number from 1 to 256"),
        ("NOTIFY_EMAIL_CONCURRENCY", "2.5", "is not a whole number from 1 to 256"),
        ("NOTIFY_EMAIL_CONCURRENCY", "²", "is not a whole number from 1 to 256"),
        ("NOTIFY_REDIRECT_EMAIL", "me", "is not an email address"),
        ("NOTIFY_REDIRECT_DISCORD", "me#1234", "is not a Discord id"),
        ("NOTIFY_UNSUBSCRIBE_URL", "mailto:x@example.org", "is not an http(s) URL"),
        ("NOTIFY_HEARTBEAT_URL", "hc-ping.com/x", "is not an http(s) URL"),
        ("NOTIFY_QUIET_HOURS", "22-7", "is no span of hours: expected one like 22:00-07:00"),
        ("NOTIFY_QUIET_HOURS", "22:00-24:00", "is no span of hours"),
        ("NOTIFY_QUIET_HOURS", "09:00-09:00", "is out of range: expected at most 20 hours"),
        ("NOTIFY_QUIET_HOURS", "07:00-04:00", "is out of range"),
        ("NOTIFY_URL_LESSON", "{frontend}/m/{lesson}", "nothing is filled in for: did you mean {lesson_id}?"),
        ("NOTIFY_URL_PROFILE", "{frontend}/u/{id}", "has a {id} that nothing is filled in for: {frontend} can stand"),
        ("NOTIFY_URL_COURSE", "{frontend}/{course", "has a {course that nothing is filled in for"),
        ("NOTIFY_URL_COURSE", "/courses/{course}", "is not an http(s) URL"),
    ],
)
def test_a_wrong_value_is_a_fault_that_names_its_setting(name: str, value: str, complaint: str) -> None:
    (fault,) = faults({name: value})
    assert fault.startswith(f"{name} ")
    assert complaint in fault


def test_all_faults_are_told_at_once() -> None:
    wrong = dict.fromkeys(
        ("DATABASE_URL", "SENDGRID_API_URL", "FROM_EMAIL", "DISCORD_SERVER_ID", "FRONTEND_URL", "NOTIFY_DM_INTERVAL"),
        "w r o n g",
    )
    assert [fault.split()[0] for fault in faults(wrong)] == list(wrong)


@pytest.mark.parametrize(
    "name", ["DATABASE_URL", "SENDGRID_API_KEY", "DISCORD_BOT_TOKEN", "NOTIFY_HEARTBEAT_URL", "FROM_EMAIL"]
)
def test_a_fault_does_not_repeat_what_may_be_a_secret(name: str) -> None:
    assert not [fault for fault in faults({name: "hunter2 hunter2"}) if "hunter2" in fault]


def test_everything_that_sending_lacks_is_told_at_once() -> None:
    needed = ["DATABASE_URL", "FRONTEND_URL", "SENDGRID_API_KEY", "FROM_EMAIL", "DISCORD_BOT_TOKEN"]
    with pytest.raises(ConfigError) as caught:
        config.load({}).require(config.Need.SENDING)
    assert [line.split()[0] for line in caught.value.lines] == needed
    config.load(FULL).require(config.Need.SENDING)
    for name in needed:
        with pytest.raises(ConfigError, match=f"^{name} is not set"):
            config.load({k: v for k, v in FULL.items() if k != name}).require(config.Need.SENDING)


def test_an_outbox_still_needs_a_database(tmp_path: Path) -> None:
    settings = config.load({"NOTIFY_OUTBOX": str(tmp_path)})
    for need in (config.Need.DATABASE, config.Need.SENDING):
        with pytest.raises(ConfigError, match=r"^DATABASE_URL is not set"):
            settings.require(need)


def test_what_is_wrong_and_what_is_missing_are_told_together(tmp_path: Path) -> None:
    env_file = tmp_path / "notify.env"
    env_file.write_text("nonsense\nNOTIFY_DM_INTERVAL=abc\nFROM_EMAIL=nobody\n", encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        config.load({"DATABASE_URL": "postgresql://localhost/platform"}, env_file, config.Need.SENDING)

    assert [line.split()[0] for line in caught.value.lines] == [
        f"{env_file}:1:",
        "FROM_EMAIL",
        "NOTIFY_DM_INTERVAL",
        "FRONTEND_URL",
        "SENDGRID_API_KEY",
        "DISCORD_BOT_TOKEN",
    ]


def test_what_only_asyncpg_understands_is_left_out_of_its_urls() -> None:
    url = "postgresql+asyncpg://u:p@db/platform?prepared_statement_cache_size=0&ssl=require&application_name=x"

    assert config.load({"DATABASE_URL": url}).database_url == (
        "postgresql://u:p@db/platform?sslmode=require&application_name=x"
    )


# The database's URL


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgresql://u:p@h:5432/d", "postgresql://u:p@h:5432/d"),
        ("postgres://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+psycopg://u:p@h/d", "postgresql://u:p@h/d"),
        ("postgresql+asyncpg://u:p@h/d?ssl=require", "postgresql://u:p@h/d?sslmode=require"),
        ("postgresql+asyncpg://u:p@h/d?ssl=true", "postgresql://u:p@h/d?sslmode=require"),
        (
            "postgresql+asyncpg://u:p@h/d?options=x&ssl=verify-full",
            "postgresql://u:p@h/d?options=x&sslmode=verify-full",
        ),
        ("postgresql://u:p@h/d?sslmode=disable", "postgresql://u:p@h/d?sslmode=disable"),
        ("postgresql+asyncpg:///d?host=/run/postgresql", "postgresql:///d?host=/run/postgresql"),
        ("host=h dbname=d user=u password=p", "host=h dbname=d user=u password=p"),
    ],
)
def test_a_database_url_may_be_written_as_the_platform_writes_it(given: str, expected: str) -> None:
    assert config.load({"DATABASE_URL": given}).database_url == expected


# Secrets


def test_secrets_are_not_in_the_repr() -> None:
    shown = repr(config.load(FULL))
    for secret in ("hunter2", "SG.secret", "bot.secret", "ping/secret", "db.example.org"):
        assert secret not in shown
    assert "course@example.org" in shown


def test_what_is_declared_secret_is_neither_in_the_repr_nor_left_out_of_the_secrets() -> None:
    for name, declared in config.DECLARED.items():
        if declared.secret:
            given: dict[str, Any] = {name: "hunter2"}
            settings = Settings(**given)
            assert "hunter2" not in repr(settings)
            assert settings.secrets == ("hunter2",)


def test_secrets_are_known_longest_first() -> None:
    secrets = config.load(FULL).secrets
    assert set(secrets) >= {
        "SG.secret",
        "bot.secret",
        "https://hc.example.org/ping/secret",
        FULL["DATABASE_URL"],
        "hunter2",
    }
    assert list(secrets) == sorted(secrets, key=len, reverse=True)
    assert config.load({}).secrets == ()


@pytest.mark.parametrize(
    ("url", "secret"),
    [
        ("postgresql://u:p%40ss%2Fword@h/d", "p@ss/word"),
        ("postgresql://u:p%40ss%2Fword@h/d", "p%40ss%2Fword"),
        ("host=h password=hunter2 dbname=d", "hunter2"),
        ("host=h password='hunter 2' dbname=d", "hunter 2"),
        ("postgresql://h/d?user=u&password=hunter2", "hunter2"),
    ],
)
def test_a_password_is_a_secret_however_it_is_written(url: str, secret: str) -> None:
    assert secret in config.load({"DATABASE_URL": url}).secrets


@pytest.mark.parametrize("password", ["x", "ab", "abc"])
def test_a_password_of_a_few_letters_is_not_searched_for_in_prose(password: str) -> None:
    """Each such letter in a message would become ***, which tells the letter."""
    assert password not in config.load({"DATABASE_URL": f"postgresql://u:{password}@h/d"}).secrets


def test_the_password_in_any_secret_url_is_a_secret_of_its_own() -> None:
    heartbeat = "https://cron:hunter2@hc.example.org/ping"
    assert config.load({"NOTIFY_HEARTBEAT_URL": heartbeat}).secrets == (heartbeat, "hunter2")


def test_what_a_demo_takes_from_the_environment_is_neither_secret_nor_an_account() -> None:
    heeded = [declared for declared in config.DECLARED.values() if declared.in_demo]
    assert heeded
    # The signature of unsubscribe links is no account: without it a link with {token} could not be looked at.
    secrets = {declared.variable for declared in heeded if declared.secret or declared.needed_for}
    assert secrets <= {"NOTIFY_SECRET"}


# The env file


@pytest.mark.parametrize(
    "line", ["FROM_NAME='unfinished", 'FROM_NAME="Our Course', 'FROM_NAME="a" b', 'FROM_NAME="a\\"']
)
def test_a_quote_without_its_end_is_a_fault_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "notify.env"
    path.write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"notify\.env:2: FROM_NAME: a quote is not closed"):
        config.load({}, path)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("FROM_NAME=AI Safety", "AI Safety"),
        ("FROM_NAME = AI Safety ", "AI Safety"),
        ("export FROM_NAME=AI Safety", "AI Safety"),
        ("  FROM_NAME='AI Safety'", "AI Safety"),
        ('FROM_NAME="AI Safety"', "AI Safety"),
        ("FROM_NAME=AI Safety # the course", "AI Safety"),
        ('FROM_NAME="AI Safety" # the course', "AI Safety"),
        ("FROM_NAME='AI # Safety'", "AI # Safety"),
        ("FROM_NAME=AI#Safety", "AI#Safety"),
        ("FROM_NAME=a=b", "a=b"),
        ("FROM_NAME=", ""),
        ('FROM_NAME="The \\"Best\\" Course"', 'The "Best" Course'),
        ("FROM_NAME='a \\ b'", "a \\ b"),
        ("FROM_NAME= # our name", ""),
        ("# FROM_NAME=no\n\n   \nFROM_NAME=Sûreté", "Sûreté"),
        ("FROM_NAME=first\nFROM_NAME=last", "last"),
        ("\ufeffFROM_NAME=AI Safety", "AI Safety"),
        ("FROM_NAME=AI Safety\r\nREPLY_TO=a@example.org\r", "AI Safety"),
    ],
)
def test_an_env_file_is_read_as_others_read_it(tmp_path: Path, line: str, expected: str) -> None:
    assert config.load({}, write(tmp_path, line + "\n")).from_name == expected


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, "FROM_NAME=file\nREPLY_TO=file@example.org\n")
    settings = config.load({"FROM_NAME": "environment", "REPLY_TO": ""}, path)
    assert (settings.from_name, settings.reply_to) == ("environment", "file@example.org")


def test_an_env_file_may_hold_other_programs_settings(tmp_path: Path) -> None:
    assert config.load({}, write(tmp_path, "SECRET_KEY=x\nFROM_NAME=a\n")).from_name == "a"


def test_faults_of_an_env_file_name_their_lines_and_no_values(tmp_path: Path) -> None:
    path = write(tmp_path, "FROM_NAME=a\nhunter2\n9X=hunter2\n")
    assert faults({}, path) == [f"{path}:2: expected NAME=value", f"{path}:3: expected NAME=value"]


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda path: None, "No such file"),
        (lambda path: path.mkdir(), "Is a directory"),
        (lambda path: path.write_bytes(b"FROM_NAME=\xff"), "it is not UTF-8 text"),
    ],
)
def test_an_env_file_that_cannot_be_read_is_named(
    tmp_path: Path, make: Callable[[Path], object], complaint: str
) -> None:
    path = tmp_path / "notify.env"
    make(path)
    (fault,) = faults({}, path)
    assert fault.startswith(f"--env-file {path}: {complaint}")


def test_the_process_environment_is_where_they_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FROM_NAME", "from here")
    assert config.from_environment().from_name == "from here"


# Types by name


def test_types_are_switched_off_by_name() -> None:
    assert expand(["welcome", "trial_nudge"], Settings(), "X", ConfigError) == ["welcome", "trial_nudge"]
    assert set(Policy.of(Settings(disabled=("welcome",))).disabled) == {"welcome"}


def test_the_section_that_both_nudges_share_stands_for_both() -> None:
    assert expand(["lesson_nudge"], Settings(), "X", ConfigError) == ["lesson_nudge_1d", "lesson_nudge_3d"]


def test_unknown_types_are_told_all_at_once_with_what_was_meant() -> None:
    settings = Settings(disabled=("welcom", "pigeon_post"))
    with pytest.raises(ConfigError) as caught:
        Policy.of(settings)
    first, second = caught.value.lines
    assert first == "NOTIFY_DISABLED names 'welcom', which is no message type: did you mean welcome?"
    assert second.startswith("NOTIFY_DISABLED names 'pigeon_post', which is no message type: known are ")
    with pytest.raises(UsageError, match=r"^--only names 'welcom'"):
        expand(["welcom"], Settings(), "--only", UsageError)


def test_the_length_of_a_meeting_is_what_the_rules_take_it_for() -> None:
    settings = dataclasses.replace(Settings(), meeting_duration=timedelta(minutes=90))
    assert Policy.of(settings).meeting_minutes == 90


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("NOTIFY_REDIRECT_EMIAL", "NOTIFY_REDIRECT_EMAIL"),
        ("NOTIFY_REDIRECT_MAIL", "NOTIFY_REDIRECT_EMAIL"),
        ("NOTIFY_REDIRECT_DISCROD", "NOTIFY_REDIRECT_DISCORD"),
        ("NOTIFY_OUTBOXX", "NOTIFY_OUTBOX"),
        ("NOTIFY_DISABLE", "NOTIFY_DISABLED"),
        ("NOTIFY_DMINTERVAL", "NOTIFY_DM_INTERVAL"),
    ],
)
def test_a_misspelt_setting_in_the_env_file_is_a_fault(tmp_path: Path, misspelt: str, meant: str) -> None:
    """A safety setting that is passed over would let real people get mail."""
    path = write(tmp_path, f"{misspelt}=x\n")
    assert faults({}, path) == [f"{path}: {misspelt} is not a setting: did you mean {meant}?"]


def test_a_name_like_no_setting_is_told_and_stops_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "NOTIFY_WEBSITE=x\nDEBUG=1\n")
    settings = config.load({"NOTIFY_REDIRECT_EMIAL": "x", "NOTIFY_SOCKET": "/run/s", "HOME": "/"}, path)
    assert (*settings.unknown, *settings.foreign) == (
        f"{path}: NOTIFY_WEBSITE is not a setting",
        "environment: NOTIFY_REDIRECT_EMIAL is not a setting: did you mean NOTIFY_REDIRECT_EMAIL?",
    )


@pytest.mark.parametrize("variable", ["SENDGRID_API_URL", "DISCORD_API_URL"])
@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.1", "localhost.example.org", "[2001:db8::1]"])
def test_a_key_is_not_sent_in_clear(variable: str, host: str) -> None:
    assert faults({variable: f"http://{host}/api"}) == [
        f"{variable} sends the key in clear: use https (http is for this machine only)"
    ]
    assert config.load({variable: f"https://{host}/api"})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8080", "127.1.2.3", "[::1]:9", "api.localhost"])
def test_this_machine_may_be_asked_in_clear(host: str) -> None:
    assert config.load({"SENDGRID_API_URL": f"http://{host}"}).sendgrid_api_url == f"http://{host}"


@pytest.mark.parametrize("parameter", ["schema=public", "pgbouncer=true", "connection_limit=5", "sslaccept=strict"])
def test_a_parameter_of_another_driver_is_named_and_ignored(parameter: str) -> None:
    settings = config.load({"DATABASE_URL": f"postgresql://u:p@db.example.org/d?{parameter}&connect_timeout=5"})
    assert settings.database_url == "postgresql://u:p@db.example.org/d?connect_timeout=5"
    name = parameter.partition("=")[0]
    assert (*settings.unknown, *settings.foreign) == (
        f"DATABASE_URL: {name} is no parameter of PostgreSQL's, it is ignored",
    )


def test_it_is_known_where_each_setting_came_from(tmp_path: Path) -> None:
    path = write(tmp_path, "DATABASE_URL=postgresql://file/d\nFROM_NAME=Course\n")
    settings = config.load({"DATABASE_URL": "postgresql://environment/d"}, path)
    assert settings.origins == {"DATABASE_URL": "environment", "FROM_NAME": str(path)}
