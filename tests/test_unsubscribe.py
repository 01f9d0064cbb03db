"""The reader's own link to stop our emails: the same wherever it stands, and nobody's who does not get the mail."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from email import policy
from pathlib import Path

import pytest

from notify_cli import config, unsubscribe, verify_unsubscribe
from notify_cli.channels import outbox
from notify_cli.config import Settings
from notify_cli.errors import ConfigError
from notify_cli.messages import render
from tests.messages.test_render import CATALOG, FACTS, own
from tests.support.world import World

SETTINGS = Settings(
    frontend_url="https://course.example",
    from_email="course@example.org",
    unsubscribe_url="https://course.example/u/{token}?a=1&b=2",
    secret="s3cret",
)
LINK = unsubscribe.link(SETTINGS, 12)


def parts(settings: Settings, section_name: str = "welcome") -> tuple[str | None, str, str]:
    """The header, the text and the HTML of a mail."""
    made = render.email(CATALOG.section(section_name), CATALOG, FACTS, settings, "k")
    whole = email.message_from_bytes(outbox.eml(made, settings), policy=policy.default)
    return whole["List-Unsubscribe"], made.text, made.html


def test_the_link_is_the_same_in_header_text_and_page() -> None:
    header, text, html = parts(SETTINGS)
    assert header == f"<{LINK}>"
    assert f"Choose which messages you get: {LINK}\n" in text
    assert f'<a href="{LINK.replace("&", "&amp;")}">Choose which messages you get</a>' in html
    assert "{" not in text


@pytest.mark.parametrize("html", ["<p>Hi {name}</p>", "<html><body>{name}</body></html>", "<html>{name}"])
def test_a_page_of_the_staffs_own_has_the_footer_too(tmp_path: Path, html: str) -> None:
    section, catalog = own(tmp_path, f"  email_subject: a\n  email_body: b\n  email_html: '{html}'\n")
    made = render.email(section, catalog, FACTS, SETTINGS, "k")
    assert made.html.count(LINK.replace("&", "&amp;")) == 1


def test_the_link_can_stand_in_a_text(tmp_path: Path) -> None:
    html = '<html><body><a href="{unsubscribe_url}">stop</a></body></html>'
    section, catalog = own(
        tmp_path, f"  email_subject: a\n  email_body: '{{unsubscribe_url}}'\n  email_html: '{html}'\n"
    )
    made = render.email(section, catalog, FACTS, SETTINGS, "k")
    assert made.text.startswith(LINK)
    assert made.html.count("course.example/u/") == 1
    without = render.email(section, catalog, FACTS, replace(SETTINGS, unsubscribe_url=""), "k")
    assert without.text.startswith("https://course.example/profile")


def test_a_token_tells_whose_it_is() -> None:
    assert verify_unsubscribe(unsubscribe.sign(11, "s3cret"), "s3cret") == 11


def forged() -> list[str]:
    token = unsubscribe.sign(11, "s3cret")
    letters = [token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :] for at in range(len(token))]
    return [
        *letters,
        token.replace("11.", "12."),
        token.replace("11.", "011."),
        *("", ".", "11.", token + "A", token[:-1], f" {token}", f"{token}\n", token.replace("11", "١١")),
    ]


@pytest.mark.parametrize("token", forged())
def test_no_other_text_is_a_token(token: str) -> None:
    with pytest.raises(ValueError, match="not a token"):
        verify_unsubscribe(token, "s3cret")


def test_another_secret_makes_another_token() -> None:
    with pytest.raises(ValueError, match="not a token"):
        verify_unsubscribe(unsubscribe.sign(11, "other"), "s3cret")
    with pytest.raises(ValueError, match="NOTIFY_SECRET"):
        verify_unsubscribe(unsubscribe.sign(11, "s3cret"), "")


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://course.example/u/{userid}", "did you mean {user_id}?"),
        ("https://course.example/u/{tokn}", "did you mean {token}?"),
        ("https://course.example/u/{}", "{user_id} and {token} can stand in it"),
        ("https://course.example/u/{user_id", "did you mean {user_id}?"),
        ("https://course.example/u/user_id}", "can stand in it"),
        ("ftp://course.example/{user_id}", "is not an http(s) URL"),
        ("https://course.example/u/{token}", "NOTIFY_SECRET is not set"),
    ],
)
def test_what_cannot_work_is_a_fault_of_the_settings(url: str, told: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(told)):
        config.load({"NOTIFY_UNSUBSCRIBE_URL": url})


def test_a_rehearsal_unsubscribes_nobody(world: World) -> None:
    alice = world.platform.person("alice", discord_id=None)
    world.platform.enrolment(alice, at=world.now)
    more = {
        "NOTIFY_REDIRECT_EMAIL": "carol@example.org",
        "NOTIFY_UNSUBSCRIBE_URL": "https://courses.example.org/u/{user_id}",
    }
    world.sweep(world.settings(**more))
    [mail] = world.sendgrid.mails
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post"} & mail["headers"].keys()
    assert not any("/u/" in part["value"] for part in mail["content"])


def test_a_mail_says_that_nobody_wrote_it_and_what_it_belongs_to(world: World) -> None:
    groups = [
        world.platform.group(name, members=world.platform.people(name, f"{name}2")) for name in ("Otters", "Owls")
    ]
    for group in groups:
        world.meeting_in(group, hours=0.9)
    world.sweep()
    headers = [mail["headers"] for mail in world.sendgrid.mails]
    assert len(headers) == 4
    assert {one["Auto-Submitted"] for one in headers} == {"auto-generated"}
    assert {one["X-Auto-Response-Suppress"] for one in headers} == {"All"}
    assert {one["List-Id"] for one in headers} == {"<notifications.example.org>"}
    assert sorted(
        len([one for one in headers if one["References"] == thread]) for thread in {h["References"] for h in headers}
    ) == [2, 2]
    assert len({one["Message-ID"] for one in headers}) == 4
