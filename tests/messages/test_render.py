"""Whole messages: emails with their HTML, Discord messages, invites, redirects."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notify_cli import messages
from notify_cli.config import Settings
from notify_cli.errors import ConfigError, RecipientError
from notify_cli.messages import markdown, render
from notify_cli.messages.catalog import Catalog, Section
from notify_cli.model import Facts, Group, Lesson, Meeting, Person
from tests.support.paths import MESSAGES

CATALOG = messages.load(MESSAGES)
START = datetime(2026, 2, 4, 15, 0, tzinfo=UTC)
SETTINGS = Settings(frontend_url="https://course.example", discord_server_id="111")
ALICE = Person(12, "Alice", "alice@example.org", "555", "Europe/Berlin", "777")
OWLS = Group(7, "Owls", "AI Safety", "999")
MEETING = Meeting(4, 7, START, timedelta(hours=1))
LESSONS = (Lesson("intro", "What is it?"), Lesson("deeper", "Deeper"))
FACTS = Facts(START - timedelta(hours=24), ALICE, OWLS, MEETING, ("Bob", "Carol"), LESSONS, LESSONS, "ai-safety")
POST = replace(FACTS, person=None)


def own(tmp_path: Path, source: str) -> tuple[Section, Catalog]:
    path = tmp_path / "messages.yaml"
    path.write_text(f"own:\n{source}", encoding="utf-8")
    catalog = messages.load(path)
    return catalog.section("own"), catalog


def test_it_renders_a_reminder_email() -> None:
    mail = render.email(CATALOG.section("meeting_reminder_24h"), CATALOG, FACTS, SETTINGS, "k", reminder_id=3)
    assert (mail.key, mail.to, mail.to_name, mail.reminder_id, mail.user_id) == ("k", ALICE.email, "Alice", 3, 12)
    assert mail.subject == "Reminder: Owls meeting tomorrow"
    assert mail.text == (
        "Hi Alice,\n\n"
        "Your study group meets tomorrow at Wednesday 4 February, 16:00 CET.\n"
        "It starts in 1 day.\n\n"
        "Lessons to complete before the meeting:\n- What is it?\n- Deeper\n\n"
        "Continue here: https://course.example/lessons/intro\n\n"
        "Questions? Chat with your group: https://discord.com/channels/111/999\n"
    )


@pytest.mark.parametrize(("count", "expected"), [(1, "1 lesson"), (2, "2 lessons")])
def test_it_says_one_lesson_and_two_lessons(count: int, expected: str) -> None:
    facts = replace(FACTS, unfinished=LESSONS[:count])
    section = CATALOG.section("lesson_nudge_3d")
    assert f" {expected} before" in render.email(section, CATALOG, facts, SETTINGS, "k").subject
    assert f"You have {expected} to finish" in render.discord(section, "discord", CATALOG, facts, SETTINGS, "k").content


@pytest.mark.parametrize("name", sorted(CATALOG.sections))
def test_every_shipped_section_renders_with_nothing_left_open(name: str) -> None:
    section = CATALOG.section(name)
    cause = "left" if name == "calendar_cancel" else "changed"
    facts = replace(FACTS, given=dict.fromkeys(section.variables, "words"), cause=cause, by_email=True)
    mail = render.email(section, CATALOG, facts, SETTINGS, "k")
    texts = [mail.subject, mail.text, page_text(mail.html)]
    for part in section.parts.keys() & {"discord", "discord_channel"}:
        texts.append(render.discord(section, part, CATALOG, facts, SETTINGS, "k").content)
    if "calendar_title" in section.parts:
        texts += render.invite_text(section, CATALOG, facts, SETTINGS)
    assert not any(re.search(r"None|[{}\ufdd0]", text) for text in texts), texts


def test_html_has_paragraphs_lists_line_breaks_and_links() -> None:
    text = "Hi,\none\n\nDo:\n- a & b\n- c\n\nthen (see https://x.example/a_(b)?c=1&d=2).\n\n\nhttps://y.example/."
    assert re.sub(r' style="[^"]*"', "", markdown.block(text)) == (
        "<p>Hi,<br>\none</p>\n"
        "<p>Do:</p>\n<ul>\n<li>a &amp; b</li>\n<li>c</li>\n</ul>\n"
        '<p>then (see <a href="https://x.example/a_(b)?c=1&amp;d=2">https://x.example/a_(b)?c=1&amp;d=2</a>).</p>\n'
        '<p><a href="https://y.example/">https://y.example/</a>.</p>\n'
    )


def test_html_is_a_small_page_with_language_and_title() -> None:
    mail = render.email(CATALOG.section("welcome"), CATALOG, FACTS, SETTINGS, "k")
    assert mail.html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>Welcome to the AI Safety Course</title>" in mail.html
    assert '<a href="https://course.example/profile">' in mail.html


def test_html_offers_the_page_for_switching_off_if_there_is_one() -> None:
    section = CATALOG.section("welcome")
    assert "Choose which" not in render.email(section, CATALOG, FACTS, SETTINGS, "k").html
    set_up = replace(SETTINGS, unsubscribe_url="https://course.example/mail?a=1&b=2")
    assert 'href="https://course.example/mail?a=1&amp;b=2"' in render.email(section, CATALOG, FACTS, set_up, "k").html


def test_a_name_is_no_link_and_no_list_in_html() -> None:
    facts = replace(FACTS, person=replace(ALICE, name="https://evil.example"), others=("- x",))
    mail = render.email(CATALOG.section("group_assigned"), CATALOG, facts, SETTINGS, "k")
    assert 'href="https://evil' not in mail.html
    assert "Hi https:\u200b//evil.example,\n" in mail.text
    assert "groupmates: - x\n" in mail.text


def test_email_html_of_the_section_is_used_with_escaped_values(tmp_path: Path) -> None:
    source = "  email_subject: a\n  email_body: b\n  email_html: '<h1>{name}</h1>{lesson_list}'\n"
    section, catalog = own(tmp_path, source)
    mail = render.email(section, catalog, replace(FACTS, person=replace(ALICE, name="<i>")), SETTINGS, "k")
    assert "<h1>&lt;i&gt;</h1><ul><li>What is it?</li><li>Deeper</li></ul>" in mail.html
    assert mail.html.count("<html") == 1


def test_a_whole_page_of_the_section_is_not_wrapped_again(tmp_path: Path) -> None:
    source = "  email_subject: a\n  email_body: b\n  email_html: '<html><body>{name}</body></html>'\n"
    section, catalog = own(tmp_path, source)
    assert render.email(section, catalog, FACTS, SETTINGS, "k").html == "<html><body>Alice</body></html>"


def test_a_subject_is_one_trimmed_line_with_values_of_sane_length() -> None:
    facts = replace(FACTS, group=replace(OWLS, name="Owls\r\nBcc: x@example.org" + "!" * 3_000))
    subject = render.email(CATALOG.section("meeting_reminder_1h"), CATALOG, facts, SETTINGS, "k").subject
    assert subject.startswith("Reminder: Owls Bcc: x@example.org!!")
    assert subject.endswith("…" + " meeting in 1 day")
    assert len(subject) < 200


@pytest.mark.parametrize("address", [None, "", "nobody", "a@b\r\nBcc: c@d", "a b@c", "a@b, c@d", "<a@b>"])
def test_a_missing_or_malformed_address_fails_this_recipient(address: str | None) -> None:
    with pytest.raises(RecipientError, match="email address"):
        render.email(
            CATALOG.section("welcome"), CATALOG, replace(FACTS, person=replace(ALICE, email=address)), SETTINGS, "k"
        )


def test_a_direct_message_goes_to_the_person() -> None:
    message = render.discord(CATALOG.section("group_assigned"), "discord", CATALOG, FACTS, SETTINGS, "k", reminder_id=5)
    assert (message.key, message.discord_id, message.channel_id, message.reminder_id) == ("k", "555", "777", 5)
    assert message.content == (
        f"You've been assigned to **Owls**!\nMeeting time: <t:{int(START.timestamp())}:F>\n"
        "Check your email for the calendar invite."
    )


def test_a_post_goes_into_the_channel_of_the_group() -> None:
    message = render.discord(CATALOG.section("meeting_reminder_24h"), "discord_channel", CATALOG, POST, SETTINGS, "k")
    assert (message.discord_id, message.channel_id) == (None, "999")
    assert message.content == f"Reminder: Meeting at <t:{int(START.timestamp())}:F>!\nIt starts in 1 day."


def test_without_an_account_or_channel_this_recipient_fails() -> None:
    section = CATALOG.section("welcome")
    with pytest.raises(RecipientError, match="no Discord account"):
        render.discord(
            section, "discord", CATALOG, replace(FACTS, person=replace(ALICE, discord_id=None)), SETTINGS, "k"
        )
    no_channel = replace(POST, group=replace(OWLS, discord_channel_id=None))
    with pytest.raises(RecipientError, match="no Discord channel"):
        render.discord(CATALOG.section("meeting_reminder_1h"), "discord_channel", CATALOG, no_channel, SETTINGS, "k")


def test_a_text_over_the_limit_fails_with_its_length_and_is_never_cut() -> None:
    facts = replace(FACTS, given={"subject": "x" * 3_000, "text": "y"})
    with pytest.raises(RecipientError, match=r"3\d{3} characters long, Discord allows 2000"):
        render.discord(CATALOG.section("announcement"), "discord", CATALOG, facts, SETTINGS, "k")


def test_the_limit_counts_code_points(tmp_path: Path) -> None:
    section, catalog = own(tmp_path, "  variables: [text]\n  discord: '{text}'\n")

    def content(text: str) -> str:
        return render.discord(section, "discord", catalog, replace(FACTS, given={"text": text}), SETTINGS, "k").content

    assert len(content("🦉" * 2_000)) == 2_000
    with pytest.raises(RecipientError, match="2001 characters"):
        content("🦉" * 2_001)


def test_the_invite_text_is_plain() -> None:
    facts = replace(FACTS, group=replace(OWLS, name="*Owls*\n& co"), others=("Bob_b",))
    title, description = render.invite_text(CATALOG.section("group_assigned"), CATALOG, facts, SETTINGS)
    assert title == "AI Safety Study Group: *Owls* & co"
    assert description == "Study group meeting.\nGroup members: Bob_b"


def test_redirected_email_says_for_whom_it_was() -> None:
    staging = replace(SETTINGS, redirect_email="staff@example.org")
    mail = render.email(CATALOG.section("welcome"), CATALOG, FACTS, staging, "k")
    assert (mail.to, mail.user_id) == ("staff@example.org", 12)
    assert mail.subject == "[to user_12] Welcome to the AI Safety Course"


def test_redirected_discord_messages_go_to_one_person_and_say_what_they_were() -> None:
    staging = replace(SETTINGS, redirect_discord="42")
    message = render.discord(CATALOG.section("welcome"), "discord", CATALOG, FACTS, staging, "k")
    assert (message.discord_id, message.channel_id) == ("42", None)
    assert message.content.startswith("[to user_12]\nWelcome Alice!")
    section = CATALOG.section("meeting_reminder_1h")
    message = render.discord(section, "discord_channel", CATALOG, POST, staging, "k")
    assert (message.discord_id, message.channel_id) == ("42", None)
    assert message.content.startswith("[post in the channel of group_7]\nMeeting starting")


def test_a_missing_variable_is_named_before_anything_is_sent() -> None:
    section = CATALOG.section("announcement")
    assert render.required_variables(section) == {"subject", "text", "name"}
    assert render.required_variables(section, ["email_subject"]) == {"subject"}
    facts = replace(FACTS, given={"subject": "a"})
    assert render.missing(section, CATALOG, None, facts, SETTINGS) == {
        "text": "{text} is not given: give it with --set text=..."
    }
    with pytest.raises(RecipientError, match=r"\{text\} is not given"):
        render.email(section, CATALOG, facts, SETTINGS, "k")


def test_a_message_that_comes_out_empty_is_not_sent() -> None:
    facts = replace(FACTS, given={"subject": " ", "text": "a"})
    with pytest.raises(RecipientError, match="email_subject is empty"):
        render.email(CATALOG.section("announcement"), CATALOG, facts, SETTINGS, "k")


def test_a_faulty_section_is_a_configuration_error_with_its_line(tmp_path: Path) -> None:
    section, catalog = own(tmp_path, "  email_subject: a\n  email_body: |\n    b\n    {name.x}\n")
    with pytest.raises(ConfigError, match=r"messages.yaml:5: own: email_body: \{name.x\} reaches inside"):
        render.email(section, catalog, FACTS, SETTINGS, "k")
    with pytest.raises(ConfigError, match=r"messages.yaml:1: own: discord is missing"):
        render.discord(section, "discord", catalog, FACTS, SETTINGS, "k")


def test_a_count_that_is_no_number_is_named() -> None:
    facts = replace(FACTS, given={"lessons_remaining": "many"})
    with pytest.raises(RecipientError, match=r"\{lessons_remaining\} counts lessons: it must be a whole number"):
        render.email(CATALOG.section("lesson_nudge_1d"), CATALOG, facts, SETTINGS, "k")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, str | None]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs).get("href")))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def tags(markup: str) -> list[tuple[str, str | None]]:
    parser = _Tags()
    parser.feed(markup)
    return parser.tags


def page_text(markup: str) -> str:
    parser = _Tags()
    parser.feed(re.sub(r"style=\"[^\"]*\"|<style>.*?</style>", "", markup, flags=re.DOTALL))
    return "".join(parser.words)


@settings(max_examples=60, deadline=None)
@given(st.text(st.one_of(st.characters(), st.sampled_from("<>&\"'-* \r\nhtps:/")), max_size=60))
def test_no_name_changes_the_structure_of_a_page(name: str) -> None:
    section = CATALOG.section("group_assigned")
    facts = replace(FACTS, person=replace(ALICE, name=f"a{name}"), others=(f"- {name}", f"https://{name}"))
    mail = render.email(section, CATALOG, facts, SETTINGS, "k")
    assert tags(mail.html) == tags(render.email(section, CATALOG, FACTS, SETTINGS, "k").html)
    assert "\n" not in mail.subject + mail.to_name


# Whose time zone is none

ZONE_LINE = "Times are in UTC, we could not read your time zone. Set it here"


@pytest.mark.parametrize(("zone", "told"), [("Berlin, I think", True), ("Europe/Berlin", False), (None, False)])
def test_the_footer_says_that_times_are_in_utc_where_the_zone_cannot_be_read(zone: str | None, told: bool) -> None:
    facts = replace(FACTS, person=replace(ALICE, timezone=zone))
    own_page = replace(SETTINGS, url_profile="https://course.example/settings")
    mail = render.email(CATALOG.section("meeting_reminder_24h"), CATALOG, facts, own_page, "k")
    assert (f"{ZONE_LINE}: https://course.example/settings" in mail.text) is told
    assert (f'<a href="https://course.example/settings">{ZONE_LINE}</a>' in mail.html) is told


def test_a_message_without_a_time_says_nothing_of_zones() -> None:
    facts = replace(FACTS, person=replace(ALICE, timezone="Berlin, I think"))
    mail = render.email(CATALOG.section("welcome"), CATALOG, facts, SETTINGS, "k")
    assert ZONE_LINE not in mail.text + mail.html
