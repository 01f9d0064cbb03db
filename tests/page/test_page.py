"""`page`: one file that shows all messages, what is to come, what was and what is wrong; to the right people only."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from notify_cli import messages
from tests.support.shell import Shell
from tests.support.terminal import Result
from tests.support.world import World

MALLORY = "Mallory <script>alert(1)</script> \x1b[31m\u202e"


@pytest.fixture
def course(world: World) -> World:
    """A group that meets tomorrow and in a week, and what was sent, failed and expired of late."""
    alice = world.platform.person("Alice Liddell", email="alice@example.org")
    bob = world.platform.person("Bob")
    mallory = world.platform.person(MALLORY, email="mallory@example.net")
    group = world.platform.group("Otters", members=[alice, bob, mallory])
    world.meeting_in(group, hours=30)
    world.meeting_in(group, hours=30 + 7 * 24)
    world.platform.enrolment(alice, at=world.now, course=world.platform.course("Logic"))
    world.sweep()
    for number, (status, error) in enumerate(
        [("failed", "550 no such mailbox: mallory@example.net (user 3)"), ("expired", None)]
    ):
        row = world.platform.log_row(
            job_id=f"meeting_9_reminder_{number}h",
            notification_key=f"meeting_9_reminder_{number}h/-/email/user_{mallory}",
            delivery_status=status,
            delivery_error=error,
            due_at=world.now - timedelta(days=2),
            created_at=world.now - timedelta(days=2),
        )
        world.platform.row("reminder_recipients_log", reminder_id=row, user_id=mallory)
    return world


class Reader(HTMLParser):
    """The words of a page as a browser shows them, the tags, and the documents within it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._hidden = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag == "style"

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        """All words, each blank one space."""
        return " ".join("".join(self.words).split())

    @property
    def frames(self) -> list[dict[str, str | None]]:
        """The attributes of the frames."""
        return [attributes for tag, attributes in self.tags if tag == "iframe"]


def written(ran: Result, folder: Path) -> Reader:
    """The page that a command wrote."""
    assert (ran.code, ran.err) == (0, "")
    path = folder / "index.html"
    assert ran.out == f"Wrote {path.resolve()}: open it in a browser.\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in folder.iterdir()] == ["index.html"]
    return Reader(path.read_text(encoding="utf-8"))


def test_it_shows_everything_with_sample_data(course: World, shell: Shell, tmp_path: Path) -> None:
    page = written(shell("page", tmp_path / "page"), tmp_path / "page")
    for section in messages.load(messages.packaged_path()).sections:
        assert ("article", f"message-{section}") in [(tag, attributes.get("id")) for tag, attributes in page.tags]
    assert "Reminder: Otters meeting tomorrow" in page.text
    assert "You've been assigned to Otters!" in page.text  # on Discord, its asterisks made bold
    assert "1 day before the meeting" in page.text
    assert "When somebody sends it: notify send announcement" in page.text
    assert "In German" in page.text
    assert re.search(r"(Today|Tomorrow), \w+ \d+ \w+ [^.]*\d emails, 1 channel post", page.text)
    assert "Meeting reminder 24h, Otters" in page.text
    assert "550 no such mailbox" in page.text
    assert "its time was over before it could be sent" in page.text
    assert re.search(r"1 failed, 1 expired", page.text)
    assert "set NOTIFY_HEARTBEAT_URL to the address of a watchdog" in page.text


def test_the_invite_is_a_month_with_the_meetings_in_it(shell: Shell, tmp_path: Path) -> None:
    page = written(shell("page", tmp_path / "page"), tmp_path / "page")
    months = [attributes for tag, attributes in page.tags if (tag, attributes.get("class")) == ("table", "month")]
    days = [attributes for tag, attributes in page.tags if (tag, attributes.get("class")) == ("td", "meets")]
    # the invite has six meetings to come; so have its update, its cancellation, and each in German
    assert len(days) == 6 * 3 * 2
    assert len(months) >= 12
    assert re.search(r"[JFMASOND][a-z]+ \d{4} \(CES?T\) Mon Tue Wed", page.text)


def test_it_needs_nothing_from_outside_and_runs_nothing(course: World, shell: Shell, tmp_path: Path) -> None:
    logo = "https://cdn.example.org/logo.png"
    page = written(shell("page", tmp_path / "page", "--user", 3, NOTIFY_LOGO_URL=logo), tmp_path / "page")
    policy = next(attributes["content"] for tag, attributes in page.tags if "http-equiv" in attributes)
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert not {tag for tag, _ in page.tags} & {"script", "link", "img", "object", "embed", "video", "audio", "base"}
    assert all(attributes["href"][:1] == "#" for tag, attributes in page.tags if tag == "a" and attributes["href"])
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert page.frames
    for frame in page.frames:
        assert frame.keys() == {"sandbox", "loading", "title", "srcdoc"}
        assert not frame["sandbox"]
        assert not {tag for tag, _ in Reader(frame["srcdoc"] or "").tags} & {"script", "form", "iframe"}
    style = re.search(r"<style>(.*?)</style>", (tmp_path / "page" / "index.html").read_text(), re.DOTALL)
    assert style
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_what_people_write_is_text(course: World, shell: Shell, tmp_path: Path) -> None:
    page = written(shell("page", tmp_path / "page", "--user", 3), tmp_path / "page")
    assert "What Mallory <script>alert(1)</script> [31m (user_3) gets" in page.text
    assert not set("\x1b\u202e\x07") & set((tmp_path / "page" / "index.html").read_text(encoding="utf-8"))


def test_for_a_person_it_has_their_data_and_the_verdicts_on_them(course: World, shell: Shell, tmp_path: Path) -> None:
    page = written(shell("page", tmp_path / "page", "--user", 1), tmp_path / "page")
    assert "What Alice Liddell (user_1) gets" in page.text
    assert "Welcome sent" in page.text
    assert re.search(r"Otters, \w{3} \d+ \w{3} \d\d:\d\d UTC", page.text)
    assert "not due yet" in page.text
    assert "Alice Liddell <alice@example.org>" in page.text
    assert "550 no such mailbox" not in page.text  # that was Mallory's
    assert re.search(r"Trial nudge not applicable \w", page.text)
    emails = " ".join(unescape(frame["srcdoc"] or "") for frame in page.frames)
    assert "Hi <bdi>Alice Liddell</bdi>" in emails or "Hi Alice Liddell" in emails


@pytest.mark.parametrize("named", ["alice@example.org", "alice liddell", "100000000000000001"])
def test_a_person_is_named_as_people_name_each_other(course: World, shell: Shell, tmp_path: Path, named: str) -> None:
    page = written(shell("page", tmp_path / "page", "--user", named), tmp_path / "page")
    assert "What Alice Liddell (user_1) gets" in page.text


@pytest.mark.parametrize("arguments", [[], ["--user", 1], ["--user", 3]])
def test_redacted_it_names_nobody(course: World, shell: Shell, tmp_path: Path, arguments: list[object]) -> None:
    course.platform.update("users", {"user_id": 2}, nickname="Böb (Robert)", timezone="Mars/Olympus")
    page = written(shell("page", tmp_path / "page", "--redact", *arguments), tmp_path / "page")
    whole = unescape(unescape((tmp_path / "page" / "index.html").read_text(encoding="utf-8")))
    told = [*page.words, *(attributes["srcdoc"] or "" for attributes in page.frames)]
    for secret in ("Liddell", "Böb", "Robert", "Mallory", "mallory", "example.net", "user_1", "user_3", "user 3"):
        assert secret not in whole, [words for words in told if secret in words]
    assert not re.search(r"1000000000000000(?!00\b)\d\d", whole)
    assert "People are left out." in page.text
    assert "550 no such mailbox: reader@example.org (user …)" in page.text or arguments == ["--user", 1]
    assert "5 recipients" not in page.text


def test_without_a_database_it_shows_the_messages(shell: Shell, tmp_path: Path) -> None:
    page = written(shell("page", tmp_path / "page", DATABASE_URL=""), tmp_path / "page")
    assert "Reminder: Otters meeting tomorrow" in page.text
    assert "DATABASE_URL is not set" in page.text
    assert "The coming week" not in page.text
    ran = shell("page", tmp_path / "other", "--user", 1, DATABASE_URL="")
    assert (ran.code, ran.out) == (78, "")


def test_a_provider_that_is_away_is_a_finding(course: World, shell: Shell, tmp_path: Path) -> None:
    away = {"SENDGRID_API_URL": "http://127.0.0.1:9", "DISCORD_API_URL": "http://127.0.0.1:9/api/v10"}
    page = written(shell("page", tmp_path / "page", **away), tmp_path / "page")
    assert "things to mend 2" in page.text
    assert "fault SendGrid: SendGrid cannot be reached" in page.text


def test_a_fault_of_one_message_is_shown_in_its_place(course: World, shell: Shell, tmp_path: Path) -> None:
    own = tmp_path / "messages.yaml"
    text = messages.packaged_path().read_text(encoding="utf-8")
    own.write_text(text.replace("Welcome {name}! Thanks", "Welcome {nmae}! Thanks"), encoding="utf-8")
    page = written(shell("page", tmp_path / "page", NOTIFY_MESSAGES=str(own)), tmp_path / "page")
    assert "nmae" in page.text
    assert "Reminder: Otters meeting tomorrow" in page.text


def test_a_former_page_is_replaced_and_nothing_else(course: World, shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "page"
    first = written(shell("page", folder, "--user", 1), folder)
    second = written(shell("page", folder), folder)
    assert "What Alice" in first.text
    assert "What Alice" not in second.text
    (folder / "index.html").write_text("<h1>My homepage</h1>", encoding="utf-8")
    ran = shell("page", folder)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"notify: {folder}/index.html exists and is no page of notify: it is left as it is, name another folder\n"
    )
    assert (folder / "index.html").read_text(encoding="utf-8") == "<h1>My homepage</h1>"


def test_where_it_cannot_be_written_it_says_so(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    ran = shell("page", file)
    assert (ran.code, ran.err) == (2, f"notify: {file} is not a folder: name one that the page may be written into\n")
    ran = shell("page", file / "page")
    assert (ran.code, ran.err) == (2, f"notify: {file}/page/index.html cannot be written: File exists\n")
    (tmp_path / "page" / "index.html").mkdir(parents=True)
    ran = shell("page", tmp_path / "page")
    assert (ran.code, ran.err) == (2, f"notify: {tmp_path}/page/index.html cannot be written: Is a directory\n")


def test_an_unknown_person_is_an_error_and_nothing_is_written(shell: Shell, tmp_path: Path) -> None:
    ran = shell("page", tmp_path / "page", "--user", 99)
    assert (ran.code, ran.out) == (2, "")
    assert "there is no user 99" in ran.err
    assert not (tmp_path / "page").exists()


def test_the_page_of_an_outbox_and_its_index_link_to_each_other(course: World, shell: Shell, tmp_path: Path) -> None:
    outbox = tmp_path / "outbox"
    rehearsal = {"NOTIFY_OUTBOX": str(outbox)}
    assert shell("sweep-due", **rehearsal).code == 0
    assert "page/index.html" not in (outbox / "index.html").read_text(encoding="utf-8")
    assert shell("page", outbox / "page", **rehearsal).code == 0
    assert 'href="page/index.html"' in (outbox / "index.html").read_text(encoding="utf-8")
    page = (outbox / "page" / "index.html").read_text(encoding="utf-8")
    assert 'href="../index.html"' in page
    assert "Nothing leaves this machine" in page
    # what a rehearsal did, not what was sent
    assert re.search(r"<dd>2</dd>|<dd>[1-9]\d*</dd>", page)


def test_a_calendar_that_is_nearly_empty_or_full_of_days_is_no_fault(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    page = written(shell("page", tmp_path / "page"), tmp_path / "page")
    assert "Nothing will go out within 7 days." in page.text
    assert "Nothing went out." in page.text
