"""Values of variables for one reader, and how they are escaped for where they land."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notify_cli import messages, times
from notify_cli.config import Settings
from notify_cli.errors import RecipientError
from notify_cli.messages.catalog import Text
from notify_cli.messages.template import Value
from notify_cli.messages.variables import KNOWN, Medium, Values
from notify_cli.model import Facts, Group, Lesson, Meeting, Person
from tests.support.paths import MESSAGES

PHRASES = messages.load(MESSAGES).phrases
START = datetime(2026, 2, 4, 15, 0, tzinfo=UTC)
SETTINGS = Settings(frontend_url="https://course.example", discord_server_id="111")
ALICE = Person(12, "Alice", "alice@example.org", "555", "Europe/Berlin")
OWLS = Group(7, "Owls", "AI Safety", "999")
MEETING = Meeting(4, 7, START, timedelta(hours=1))
LESSONS = (Lesson("intro", "What is it?"), Lesson("deep dive/2", "Deeper"))
FACTS = Facts(START - timedelta(minutes=47), ALICE, OWLS, MEETING, ("Bob", "Carol"), LESSONS, LESSONS, "ai-safety")


def value(
    name: str,
    facts: Facts = FACTS,
    medium: Medium = Medium.EMAIL_TEXT,
    platform: Settings = SETTINGS,
    section: str = "",
) -> Value:
    return Values(facts, platform, PHRASES, medium, section)[name]


def reader(**changes: str | None) -> Facts:
    return replace(FACTS, person=replace(ALICE, **changes))  # type: ignore[arg-type]


def test_every_variable_has_a_value_and_a_worst_length() -> None:
    facts = replace(FACTS, cause="left")
    assert {name for name in KNOWN if value(name, facts) not in ("", None)} == KNOWN


def test_a_value_is_computed_when_asked_for_and_only_then() -> None:
    found = Values(Facts(START), SETTINGS, PHRASES, Medium.DISCORD)
    assert found["discord_invite_url"] == "https://discord.com/channels/111"
    assert list(found) == ["discord_invite_url"]


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("Europe/Berlin", "Wednesday 4 February, 16:00 CET"),
        ("America/New_York", "Wednesday 4 February, 10:00 EST"),
        ("America/Sao_Paulo", "Wednesday 4 February, 12:00 UTC-3"),
        ("Asia/Kathmandu", "Wednesday 4 February, 20:45 UTC+5:45"),
        ("America/St_Johns", "Wednesday 4 February, 11:30 NST"),
        ("Pacific/Kiritimati", "Thursday 5 February, 05:00 UTC+14"),
        ("UTC", "Wednesday 4 February, 15:00 UTC"),
        *(
            (hostile, "Wednesday 4 February, 15:00 UTC")
            for hostile in (
                *(None, "", "Berlin", "CEST+1", "Europe", "Europe/Berlin\n", "../../etc/passwd", "/etc/passwd"),
                *("x" * 10_000, "a\x00b", "Ünïcode/Zone", "\ud800", "Europe/../Europe/Berlin", "tzdata.zi", "."),
            )
        ),
    ],
)
def test_times_are_in_the_readers_own_zone_else_in_utc_and_say_so(zone: str | None, expected: str) -> None:
    facts = reader(timezone=zone)
    assert value("meeting_time", facts) == expected
    assert value("meeting_date", facts) == expected.split(",")[0]


def test_summer_time_is_named() -> None:
    assert times.moment(datetime(2026, 7, 1, 15, 0, tzinfo=UTC), "Europe/Berlin") == "Wednesday 1 July, 17:00 CEST"


def test_times_are_timestamps_in_discord_and_utc_without_a_reader() -> None:
    assert value("meeting_time", medium=Medium.DISCORD) == f"<t:{int(START.timestamp())}:F>"
    assert value("meeting_date", medium=Medium.DISCORD) == f"<t:{int(START.timestamp())}:F>"
    assert value("meeting_time", replace(FACTS, person=None)) == "Wednesday 4 February, 15:00 UTC"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ({"minutes": 47}, "47 minutes"),
        ({"minutes": 46, "seconds": 50}, "47 minutes"),
        ({"minutes": 1, "seconds": 5}, "1 minute"),
        ({"seconds": 59}, "less than a minute"),
        ({"minutes": 59, "seconds": 57}, "1 hour"),
        ({"hours": 1, "minutes": 20}, "1 hour and 20 minutes"),
        ({"hours": 23}, "23 hours"),
        ({"hours": 23, "minutes": 59, "seconds": 55}, "1 day"),
        ({"days": 1, "hours": 1}, "1 day and 1 hour"),
        ({"days": 1, "hours": 23, "minutes": 55}, "2 days"),
        ({"days": 3}, "3 days"),
        ({"seconds": 0}, "0 minutes (it has already started)"),
        ({"hours": -2}, "0 minutes (it has already started)"),
    ],
)
def test_starts_in_is_the_honest_distance(left: dict[str, int], expected: str) -> None:
    facts = replace(FACTS, now=START - timedelta(**left))
    assert value("starts_in", facts) == expected


def test_the_lesson_url_falls_back_to_the_course_and_then_to_the_site() -> None:
    assert value("lesson_url") == "https://course.example/lessons/intro"
    assert str(value("lesson_url", replace(FACTS, unfinished=LESSONS[1:]))).endswith("/lessons/deep%20dive%2F2")
    done = replace(FACTS, unfinished=())
    assert value("lesson_url", done) == "https://course.example/courses/ai-safety"
    assert value("lesson_url", replace(done, course_slug=None)) == "https://course.example"


def test_the_platform_says_where_its_pages_are() -> None:
    platform = replace(
        SETTINGS,
        url_profile="{frontend}/me/",
        url_lesson="{frontend}/course/{course}/module/{lesson_id}",
        url_course="https://learn.example/{course}",
    )
    assert value("profile_url", platform=platform) == "https://course.example/me/"
    assert value("lesson_url", platform=platform) == "https://course.example/course/ai-safety/module/intro"
    odd = replace(FACTS, unfinished=LESSONS[1:], course_slug="ai {lesson_id}")
    assert str(value("lesson_url", odd, platform=platform)).endswith(
        "/course/ai%20%7Blesson_id%7D/module/deep%20dive%2F2"
    )
    done = replace(FACTS, unfinished=())
    assert value("lesson_url", done, platform=platform) == "https://learn.example/ai-safety"
    # Without its course nobody can tell where the lesson is.
    assert value("lesson_url", replace(FACTS, course_slug=None), platform=platform) == "https://course.example"


def test_the_channel_url_falls_back_to_the_server_and_then_to_the_site() -> None:
    url = "discord_channel_url"
    assert value(url) == "https://discord.com/channels/111/999"
    assert value(url, replace(FACTS, group=replace(OWLS, server_id="222"))) == "https://discord.com/channels/222/999"
    assert str(value(url, replace(FACTS, group=replace(OWLS, discord_channel_id=None)))).endswith("/channels/111")
    assert value(url, platform=Settings(frontend_url="https://course.example/")) == "https://course.example"


def test_the_invite_url_falls_back_to_the_server_and_then_to_the_site() -> None:
    invite = replace(SETTINGS, discord_invite_url="https://discord.gg/x")
    assert value("discord_invite_url", platform=invite) == "https://discord.gg/x"
    assert value("discord_invite_url") == "https://discord.com/channels/111"
    assert value("discord_invite_url", platform=Settings(frontend_url="https://a.example")) == "https://a.example"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "ftp://x",
        "https://",
        "https://a b",
        'https://a"b',
        "https://a\nb",
        "https://[a",
    ],
)
def test_a_missing_or_hostile_join_url_falls_back_to_the_channel(url: str | None) -> None:
    facts = replace(FACTS, meeting=replace(MEETING, join_url=url))
    assert value("join_url", facts) == "https://discord.com/channels/111/999"


def test_a_join_url_is_kept() -> None:
    facts = replace(FACTS, meeting=replace(MEETING, join_url="https://meet.example/a?b=1&c=2"))
    assert value("join_url", facts) == "https://meet.example/a?b=1&c=2"
    assert value("join_url", facts, Medium.EMAIL_HTML) == "https://meet.example/a?b=1&amp;c=2"


def test_lessons_are_a_bulleted_list_or_a_phrase() -> None:
    assert value("lesson_list") == "- What is it?\n- Deeper"
    assert value("lesson_list", replace(FACTS, unfinished=())) == PHRASES["lesson_list_done"].text
    unknown = replace(FACTS, unfinished=(), lessons=None)
    assert value("lesson_list", unknown) == PHRASES["lesson_list_unknown"].text
    assert value("lesson_list", medium=Medium.EMAIL_HTML) == "<ul><li>What is it?</li><li>Deeper</li></ul>"


def test_lessons_remaining_is_a_number_that_is_never_guessed() -> None:
    assert value("lessons_remaining") == 2
    assert value("lessons_remaining", replace(FACTS, unfinished=())) == 0
    with pytest.raises(RecipientError, match=r"\{lessons_remaining\} is missing"):
        value("lessons_remaining", replace(FACTS, unfinished=(), lessons=None))


def test_a_phrase_that_is_missing_or_not_plain_is_an_error_and_not_a_crash() -> None:
    alone = replace(FACTS, others=())
    with pytest.raises(RecipientError, match=r"\{member_names\} is missing"):
        Values(alone, SETTINGS, {}, Medium.EMAIL_TEXT)["member_names"]
    with pytest.raises(RecipientError, match="must be plain text"):
        Values(alone, SETTINGS, {"member_names_alone": Text("{name}", 1)}, Medium.EMAIL_TEXT)["member_names"]


def test_member_names_are_the_others_or_a_phrase() -> None:
    assert value("member_names") == "Bob, Carol"
    assert value("member_names", replace(FACTS, others=())) == PHRASES["member_names_alone"].text


def test_the_course_name_is_the_groups_else_the_course_files() -> None:
    assert value("course_name") == "AI Safety"
    assert value("course_name", replace(FACTS, group=None)) == "ai-safety"


@pytest.mark.parametrize("name", sorted(KNOWN - {"lesson_list"}))
def test_what_the_facts_do_not_give_is_an_error_that_names_it(name: str) -> None:
    with pytest.raises(RecipientError, match=rf"\{{{name}\}} is missing: this message needs "):
        value(name, Facts(START), platform=Settings())


def test_only_a_calendar_update_may_lack_a_next_meeting() -> None:
    facts = replace(FACTS, meeting=None)
    assert value("meeting_time", facts, section="calendar_update") == PHRASES["meeting_time_none"].text
    with pytest.raises(RecipientError, match="meeting_time"):
        value("meeting_time", facts, section="meeting_reminder_1h")


def test_an_unknown_variable_says_how_to_give_it() -> None:
    with pytest.raises(RecipientError, match=r"\{offer\} is not given: give it with --set offer="):
        value("offer")


def test_given_values_override_and_add() -> None:
    facts = replace(FACTS, given={"offer": "a\r\nb", "name": "Ally", "lessons_remaining": "1"})
    assert value("offer", facts) == "a\nb"
    assert value("name", facts) == "Ally"
    assert value("lessons_remaining", facts) == "1"


def test_given_values_keep_lines_and_markdown_but_hold_no_html() -> None:
    facts = replace(FACTS, given={"offer": "**a** <b>\nc"})
    assert value("offer", facts, Medium.DISCORD) == "**a** <b>\nc"
    assert value("offer", facts, Medium.EMAIL_HTML) == "**a** &lt;b&gt;<br>\nc"
    assert value("offer", facts, Medium.HEADER) == "**a** <b> c"


def test_a_given_name_is_escaped_like_any_name() -> None:
    facts = replace(FACTS, given={"name": "**A**\n@everyone"})
    assert value("name", facts, Medium.DISCORD) == "\\*\\*A\\*\\* @\u200beveryone"


def test_a_blank_name_is_there() -> None:
    for medium in Medium:
        assert value("name", reader(name=" \r\n\u202e"), medium) == "there"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("**bold** _it_ ~~x~~ `c` ||s||", r"\*\*bold\*\* \_it\_ \~\~x\~\~ \`c\` \|\|s\|\|"),
        ("<@123> <#4> <:a:5> <t:6:F>", "\\<\u200b@123\\> \\<\u200b#4\\> \\<\u200b:a:5\\> \\<\u200bt:6:F\\>"),
        ("@everyone @here", "@\u200beveryone @\u200bhere"),
        ("@\u202eevery\u2066one", "@\u200beveryone"),
        ("[x](https://evil.example)", r"\[x\](https:\//evil.example)"),
        ("# head", r"\# head"),
        ("-# small", r"\-# small"),
        ("- item", r"\- item"),
        ("> quote", r"\> quote"),
        ("1. one", r"1\. one"),
        ("back\\", "back\\\\"),
        ("a\r\nb\u2028c\x1b[1md", r"a b c \[1md"),
        ("Zoë (she/her) 🦉 D'Arc", "Zoë (she/her) 🦉 D'Arc"),
    ],
)
def test_a_name_is_literal_text_on_discord(name: str, expected: str) -> None:
    assert value("name", reader(name=name), Medium.DISCORD) == expected


def test_titles_and_members_are_escaped_one_by_one() -> None:
    facts = replace(FACTS, others=("*a*", "- b\n"), unfinished=(Lesson("x", "<i>\n# y"),))
    assert value("member_names", facts, Medium.DISCORD) == r"\*a\*, \- b"
    assert value("lesson_list", facts, Medium.DISCORD) == r"- \<i\> # y"
    assert value("lesson_list", facts, Medium.EMAIL_HTML) == "<ul><li>&lt;i&gt; # y</li></ul>"


HOSTILE = st.text(
    st.one_of(st.characters(), st.sampled_from("*_`~|<>[]()#-@:/\\&\"'\r\n\t\x00\u202e\u2028\ufdd0")), max_size=40
)
WHOLE = st.lists(st.one_of(HOSTILE, st.sampled_from(["@everyone", "@here", "<@1>", "<t:1>", "https://x"])), max_size=4)


@settings(max_examples=150, deadline=None)
@given(WHOLE.map("".join))
def test_no_name_breaks_out_of_where_it_lands(name: str) -> None:
    facts = reader(name=name)
    for medium in Medium:
        found = str(value("name", facts, medium))
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", found)
    discord = str(value("name", facts, Medium.DISCORD))
    assert not re.search(r"@everyone|@here|<[@#:/]|<t:|://", discord)
    assert not re.search(r"[*_~`|<>\[\]]", re.sub(r"\\.", "", discord))
    assert not re.match(r"[-#+]|\d+[.)]", discord)
    markup = str(value("name", facts, Medium.EMAIL_HTML))
    assert not re.search(r"[<>\"']|&(?!\w+;|#x27;)", markup)
    assert html.unescape(markup) == value("name", facts)
    assert len(str(value("name", facts, Medium.HEADER))) <= 120
