"""`preview`: a message as its reader will see it, and the check of the messages file."""

from __future__ import annotations

import email
import re
import subprocess
from datetime import UTC, datetime, timedelta
from email import policy
from itertools import pairwise
from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.messages.variables import names_about, provided_to
from notify_cli.preview import methods
from notify_cli.registry import TYPES
from tests.support.paths import MESSAGES
from tests.support.terminal import PROGRAM, Command, bare, on_terminal
from tests.support.world import World

SHIPPED = MESSAGES
CATALOG = messages.load(SHIPPED)
NEEDED_PARTS = {name: one.parts for name, one in TYPES.items()}
RULES = {name: provided_to(one) for name, one in TYPES.items()}
PERSON = names_about("person")


@pytest.fixture
def notify(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Command:
    """Without any setting: a preview with sample data needs none."""
    return Command(monkeypatch, capsys, tmp_path)


def edited(folder: Path, old: str, new: str) -> str:
    """The path of the shipped file with a change in it."""
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = folder / "messages.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return str(path)


def line_of(path: str, text: str) -> int:
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


@pytest.mark.parametrize("name", [*CATALOG.sections, *NEEDED_PARTS])
def test_every_message_can_be_seen_without_settings_and_database(notify: Command, name: str) -> None:
    result = notify(f"preview {name} --json")
    assert (result.code, result.err) == (0, "")
    shown = result.json
    assert list(shown) == ["type", "about", "email", "discord", "discord_channel", "calendar", "errors"]
    made = {part for part in ("email", "discord", "discord_channel") if shown[part]}
    expected = {"email": "email", "discord_dm": "discord", "discord_channel": "discord_channel"}
    assert made == {expected[method.value] for method in methods(CATALOG.section(name))}
    assert shown["errors"] == {}
    assert "None" not in result.out
    assert not re.search(r"\{[a-z_]+\}", result.out)


def test_json_has_the_parts_as_they_go_out(notify: Command) -> None:
    shown = notify("preview group_assigned --json").json
    assert list(shown["email"]) == ["to", "subject", "text", "html"]
    assert shown["email"]["subject"] == "You've been assigned to a group: Otters"
    assert shown["email"]["html"].startswith("<!DOCTYPE html>")
    assert shown["discord"]["length"] == len(shown["discord"]["text"])
    assert shown["discord_channel"] is None
    calendar = shown["calendar"]
    assert list(calendar) == ["method", "title", "description", "occurrences"]
    assert (calendar["method"], calendar["title"]) == ("REQUEST", "AI Safety Study Group: Otters")
    starts = [datetime.fromisoformat(one["starts_at"]) for one in calendar["occurrences"]]
    assert [later - earlier for earlier, later in pairwise(starts)] == [timedelta(weeks=1)] * 5
    assert list(calendar["occurrences"][0]) == ["starts_at", "ends_at", "join_url"]


def test_a_calendar_that_ends_shows_what_it_takes_out(notify: Command) -> None:
    shown = notify("preview calendar_cancel --json").json
    assert shown["calendar"]["method"] == "CANCEL"
    assert len(shown["calendar"]["occurrences"]) == 6
    assert "--- Calendar, takes out 6 meetings" in notify("preview calendar_cancel").out


def test_in_a_pipe_it_is_plain_text(notify: Command) -> None:
    out = notify("preview meeting_reminder_24h").out
    assert "Subject: Reminder: Otters meeting tomorrow\n" in out
    assert re.search(r"^--- Discord channel post, \d+ of 2,000 characters$", out, re.MULTILINE)
    assert re.search(r"\(<t:\d+:F> is shown as \w+ \d+ \w+, \d\d:\d\d CES?T, ", out)
    assert "\x1b" not in out


def test_on_a_terminal_each_part_has_a_frame_that_fits() -> None:
    for columns in (80, 140):
        shown = on_terminal("preview group_assigned", {}, columns=columns)
        assert max(map(len, shown.splitlines())) == min(columns, 100)
        assert "Calendar invite, 6 meetings" in shown
        assert re.search(r"Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday", shown)


def test_without_a_type_it_lists_them_all(notify: Command) -> None:
    heading, *lines = notify("preview").out.splitlines()
    assert heading.split("\t")[0] == "type"
    assert [line.split("\t")[0] for line in lines] == list(CATALOG.sections)
    listed = {one["type"]: one for one in notify("preview --json").json}
    assert listed["announcement"] == {
        "type": "announcement",
        "parts": ["email", "DM"],
        "variables": ["subject", "text"],
        "automatic": False,
    }


def test_what_staff_must_give_is_shown_by_its_name_until_it_is_given(notify: Command) -> None:
    assert notify("preview announcement --json").json["email"]["subject"] == "[subject]"
    shown = notify("preview", "announcement", "--set", "subject=No meeting", "--set", "text=a=b", "--json").json
    assert shown["email"]["subject"] == "No meeting"
    assert shown["email"]["text"] == "Hi Alice,\n\na=b\n"


def test_one_channel_alone(notify: Command) -> None:
    assert notify("preview welcome --channel email --json").json["discord"] is None
    assert notify("preview welcome --channel discord --json").json["email"] is None
    assert notify("preview calendar_update --channel discord --json").json["email"] is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("preview", "welcom"), "no message type 'welcom' in messages.yaml (did you mean welcome?)"),
        (("preview", "welcome", "--set", "nam=x"), "welcome has no such variable (did you mean name?)"),
        (("preview", "welcome", "--set", "x"), "--set 'x' is not NAME=VALUE"),
        (("preview", "welcome", "--set", "=x"), "is not NAME=VALUE"),
        (("preview", "--user", "3"), "--user does not go with this: name a TYPE with it"),
        (("preview", "--check", "--html", "x.html"), "--html does not go with this: --check looks at the texts only"),
        (("preview", "welcome", "--user", ""), "Invalid value for '--user'"),
        (("preview", "welcome", "--channel", "fax"), "'fax' is not one of 'email', 'discord'"),
        (("preview", "welcome", "--html", "no/such/folder/w.html"), "cannot be written: No such file or directory"),
        (("preview", "welcome", "--check", "--user", "1"), "--user does not go with this"),
    ],
)
def test_wrong_input_is_a_line_that_helps(notify: Command, arguments: tuple[str, ...], told: str) -> None:
    result = notify(*arguments)
    assert result.code == 2
    assert told in result.err
    assert result.err.count("\n") == 1


def test_the_web_version_and_the_whole_email_as_files(notify: Command, tmp_path: Path) -> None:
    result = notify("preview group_assigned --html w.html --eml w.eml")
    assert (result.code, result.out) == (0, "Wrote w.html.\nWrote w.eml.\n")
    assert "Great news!" in (tmp_path / "w.html").read_text(encoding="utf-8")
    mail = email.message_from_bytes((tmp_path / "w.eml").read_bytes(), policy=policy.default)
    assert mail["To"] == "Alice <alice@example.org>"
    assert mail["X-Reminder-Id"] is None
    kinds = [part.get_content_type() for part in mail.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "application/ics"]
    assert notify("preview welcome --html w.html").code == 0


def test_a_file_that_is_no_former_preview_is_left_as_it_is(notify: Command, tmp_path: Path) -> None:
    path = edited(tmp_path, "Hi {name},", "Hello {name},")
    before = Path(path).read_bytes()
    result = notify("preview", "welcome", "--html", path)
    assert result.code == 2
    assert "exists and is no .html file" in result.err
    assert Path(path).read_bytes() == before


def test_a_dash_is_stdout(tmp_path: Path) -> None:
    command = [*PROGRAM, "preview", "welcome", "--html", "-"]
    written = subprocess.run(command, env=bare(), cwd=tmp_path, stdout=subprocess.PIPE, check=True).stdout
    assert written.startswith(b"<!DOCTYPE html>")
    assert not list(tmp_path.iterdir())


def test_somebody_real_is_shown_what_they_will_get(world: World, notify: Command) -> None:
    alice = world.platform.person("Alice", timezone="America/New_York", email="alice@school.example")
    otters = world.platform.group("Otters", members=[alice, world.platform.person("Bob")])
    start = datetime(2099, 2, 4, 15, tzinfo=UTC)
    meeting = world.platform.meeting(otters, start)
    result = notify(f"preview meeting_reminder_1h --user {alice} --json", **world.environment())
    shown = result.json
    assert shown["about"] == f"Alice (user_{alice}), Otters (group_{otters}), meeting {meeting}"
    assert shown["email"]["to"] == "alice@school.example"
    assert "Wednesday 4 February, 10:00 EST" in shown["email"]["text"]
    assert not world.sendgrid.requests
    assert not world.log()


def test_a_meeting_or_group_is_shown_as_one_of_its_members_would_get_it(world: World, notify: Command) -> None:
    otters = world.platform.group("Otters", members=world.platform.people("bob", "alice"))
    meeting = world.meeting_in(otters, hours=50)
    for about in (f"--meeting {meeting}", f"--group {otters}"):
        shown = notify(f"preview group_assigned {about} --json", **world.environment()).json
        assert shown["email"]["text"].startswith("Hi alice,")
        assert "Your groupmates: bob" in shown["email"]["text"]
        assert len(shown["calendar"]["occurrences"]) == 1


def test_what_cannot_be_made_says_why(world: World, notify: Command) -> None:
    ivan = world.platform.person("ivan", email=None)
    result = notify(f"preview welcome --user {ivan} --json", **world.environment())
    assert result.code == 0
    assert result.json["email"] is None
    assert result.json["errors"] == {"email": "no email address"}
    result = notify(f"preview meeting_reminder_24h --user {ivan}", **world.environment())
    assert result.code == 2
    assert "notify: email: no email address" in result.err


def test_an_id_that_is_not_there_is_named(world: World, notify: Command) -> None:
    otters, owls = world.platform.group("Otters"), world.platform.group("Owls")
    meeting = world.meeting_in(owls, hours=5)
    for about, told in [
        ("--user 99", "there is no user 99"),
        ("--group 99", "there is no group 99"),
        ("--meeting 99", "there is no meeting 99"),
        (f"--group {otters} --meeting {meeting}", f"meeting {meeting} is not one of group {otters}"),
    ]:
        result = notify(f"preview welcome {about}", **world.environment())
        assert result.code == 2
        assert told in result.err
    result = notify("preview welcome --user 1")
    assert result.code == 78
    assert "DATABASE_URL is not set" in result.err


def talkative(folder: Path) -> None:
    """A messages file in which every message says everything that the check allows it to say."""
    lines = SHIPPED.read_text(encoding="utf-8").partition("\nphrases:")
    sections = []
    for rule, parts in NEEDED_PARTS.items():
        sections.append(f"{rule}:")
        for part in parts:
            known = RULES[rule] - PERSON if part == "discord_channel" else RULES[rule]
            lengthy = {"lesson_list", "member_names"} if part.startswith("discord") else set()
            text = " ".join(f"{{{name}}}" for name in sorted(known - lengthy))
            sections.append(f'  {part}: "{text}"')
    (folder / "messages.yaml").write_text("\n".join(sections) + "\nphrases:" + lines[2], encoding="utf-8")


@pytest.mark.parametrize("rule", RULES)
def test_what_the_check_allows_is_what_the_rule_provides(notify: Command, tmp_path: Path, rule: str) -> None:
    talkative(tmp_path)
    assert notify("preview --check").code == 0
    shown = notify(f"preview {rule} --json").json
    assert shown["errors"] == {}


def test_what_the_check_allows_is_there_for_real_people_too(world: World, notify: Command, tmp_path: Path) -> None:
    talkative(tmp_path)
    (tmp_path / "course.yaml").write_text(
        "slug: ai\ntitle: AI Safety\nprogression:\n- lesson: one\n- meeting: 1\n", encoding="utf-8"
    )
    environment = world.environment(NOTIFY_MESSAGES="", NOTIFY_COURSES=str(tmp_path / "course.yaml"))
    alice, olivia = world.platform.people("alice", "olivia")
    world.platform.enrolment(alice, at=world.now)
    world.meeting_in(world.platform.group(members=[alice]), hours=30)
    world.platform.session(olivia, "one")
    for rule in RULES:
        reader = olivia if rule == "trial_nudge" else alice
        if rule != "calendar_cancel":  # presupposes an invite
            assert notify(f"preview {rule} --user {reader} --json", **environment).json["errors"] == {}


def test_the_shipped_file_passes_its_check(notify: Command) -> None:
    result = notify("preview --check", NOTIFY_MESSAGES=str(SHIPPED))
    assert result.code == 0
    assert result.out.splitlines()[-1] == f"{SHIPPED}: ok"
    assert all("warning: " in line for line in result.out.splitlines()[:-1])


@pytest.mark.parametrize(
    ("old", "new", "at", "told"),
    [
        ("Hi {name},", "Hi {nmae},", "{nmae}", "unknown variable {nmae} (did you mean name?)"),
        ("Hi {name},", "Hi {name,", "{name,", "unclosed brace"),
        ("  email_body: |", "  email_bdy: |", "email_bdy", "unknown part email_bdy (did you mean email_body?)"),
        ("    Welcome {name}! Thanks", "    " + "x" * 2001 + " Thanks", "  discord: |", "characters long"),
        ("  email_subject: Welcome", "\temail_subject: Welcome", "\temail_subject", "a tab at the start of the line"),
        ("trial_nudge:", "welcome:", "welcome:\n", "welcome stands here twice"),
    ],
)
def test_the_check_names_the_line_of_every_fault(
    notify: Command, tmp_path: Path, old: str, new: str, at: str, told: str
) -> None:
    path = edited(tmp_path, old, new)
    result = notify("preview --check")
    assert result.code == 1
    faults = [line for line in result.out.splitlines() if "warning: " not in line]
    assert all(re.match(r"messages\.yaml:\d+: ", line) for line in faults)
    [fault] = [line for line in faults if told in line]
    if "\n" not in at and "x" * 9 not in new:
        assert fault.startswith(f"messages.yaml:{line_of(path, at)}: ")
    assert "messages.yaml: ok" not in result.out


def test_a_section_without_its_email_body_is_found(notify: Command, tmp_path: Path) -> None:
    edited(tmp_path, "  email_body: |\n    Hi {name},\n\n    Thanks for", "  email_html: |\n    Thanks for")
    result = notify("preview --check")
    assert result.code == 1
    assert "welcome: email_body is missing" in result.out


def test_findings_as_json(notify: Command, tmp_path: Path) -> None:
    edited(tmp_path, "Hi {name},", "Hi {nmae},")
    result = notify("preview welcome --check --json")
    assert result.code == 1
    [finding] = result.json
    assert list(finding) == ["file", "line", "severity", "text"]
    assert (finding["file"], finding["severity"]) == ("messages.yaml", "error")
    (tmp_path / "messages.yaml").write_text("welcome:\n\tx: 1\n", encoding="utf-8")
    assert notify("preview --check --json").json[0]["line"] == 2


def test_the_check_of_one_message_leaves_the_others_alone(notify: Command, tmp_path: Path) -> None:
    edited(tmp_path, "Hi {name},", "Hi {nmae},")
    assert notify("preview welcome --check").code == 1
    assert notify("preview calendar_cancel --check").out == f"{tmp_path}/messages.yaml: ok\n"
    assert notify("preview welcom --check").code == 2


def test_a_broken_file_is_an_error_of_configuration_elsewhere(notify: Command, tmp_path: Path) -> None:
    edited(tmp_path, "  email_subject: Welcome", "\temail_subject: Welcome")
    result = notify("preview welcome")
    assert result.code == 78
    assert "a tab at the start of the line" in result.err
    edited(tmp_path, "Hi {name},", "Hi {nmae},")
    result = notify("preview welcome")
    assert result.code == 78
    assert "did you mean name?" in result.err
    assert notify("preview meeting_reminder_1h").code == 0
