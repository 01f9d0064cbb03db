"""What people write stays as they wrote it; what cannot be seen is missing; nobody's name is a link or a flood."""

from __future__ import annotations

import email
from dataclasses import replace
from email import policy
from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.channels import outbox
from notify_cli.messages import escape, render
from notify_cli.messages.variables import Medium, Values
from tests.messages.test_render import ALICE, CATALOG, FACTS, OWLS, SETTINGS
from tests.support.world import World, with_outbox

JOINED = ["👩‍💻 Coders", "می‌خواهم", "שלום עולם", "🫩🪾 new", "a\u00a0b", "Ⅻ ½ ﬁ"]


@pytest.mark.parametrize("name", JOINED)
def test_a_subject_goes_out_as_it_was_written(name: str) -> None:
    facts = replace(FACTS, group=replace(OWLS, name=name))
    mail = render.email(CATALOG.section("group_assigned"), CATALOG, facts, SETTINGS, "k")
    assert mail.subject == f"You've been assigned to a group: {name}"
    assert escape.header(mail.subject) == mail.subject
    raw = outbox.eml(mail, replace(SETTINGS, from_email="course@example.org"))
    assert email.message_from_bytes(raw, policy=policy.default)["Subject"] == mail.subject


@pytest.mark.parametrize("hidden", ["\u202e", "\u202a", "\x00", "\x9b", "\r\n", "\u2028"])
def test_what_could_falsify_a_header_is_taken_out(hidden: str) -> None:
    assert escape.header(f"a{hidden}b") in ("a b", "ab")


BLANKS = ["\u00a0", " ", "\t", "\u200b", "\u2800", "\u3164", "\ufeff", "\u00ad\u200d", "\u2003 \u202f", "\u202e\u2066"]


@pytest.mark.parametrize("blank", BLANKS)
def test_what_has_no_visible_character_is_missing(blank: str) -> None:
    facts = replace(FACTS, person=replace(ALICE, name=blank), group=replace(OWLS, name=blank), others=(blank, "Bob"))
    for medium in Medium:
        found = Values(facts, SETTINGS, CATALOG.phrases, medium)
        assert found["name"] == "there"
        assert found["group_name"] == "your study group"
        assert str(found["member_names"]).removeprefix("<bdi>").removesuffix("</bdi>") == "Bob"


@pytest.mark.parametrize("blank", ["\t", "\u00a0", "\u200b", " \r\n"])
def test_an_address_is_trimmed_of_every_blank(blank: str) -> None:
    facts = replace(FACTS, person=replace(ALICE, email=f"{blank}alice@example.org{blank}"))
    assert render.email(CATALOG.section("welcome"), CATALOG, facts, SETTINGS, "k").to == "alice@example.org"


def test_a_reminder_of_a_group_without_a_name_goes_out(world: World) -> None:
    alice = world.platform.person("alice")
    group = world.platform.group("\u00a0", members=[alice])
    world.meeting_in(group, hours=0.9)
    assert world.sweep().failed == 0
    assert "your study group" in world.sendgrid.mails[0]["subject"]


def test_an_international_domain_is_encoded_everywhere(world: World, tmp_path: Path) -> None:
    alice = world.platform.person("alice", email="alice@bücher.example")
    group = world.platform.group("Otters")
    world.platform.member(group, alice, joined_at=world.now)
    world.meeting_in(group, hours=30)
    assert world.sweep().failed == 0
    [mail] = [mail for mail in world.sendgrid.mails if "assigned" in mail["subject"]]
    assert mail["personalizations"][0]["to"][0]["email"] == "alice@xn--bcher-kva.example"
    calendar = next(part["value"] for part in mail["content"] if part["type"].startswith("text/calendar"))
    assert "mailto:alice@xn--bcher-kva.example" in calendar.replace("\r\n ", "")
    world.forget_waiting()
    rehearsal = with_outbox(world.settings(), tmp_path)
    world.connection.execute("delete from reminder_recipients_log")
    world.connection.execute("delete from reminders_log")
    world.sweep(rehearsal)
    written = next(tmp_path.glob("*assigned*.eml")).read_text()
    assert "alice@xn--bcher-kva.example" in written
    assert "bücher" not in written


@pytest.mark.parametrize("address", [".dot@example.org", "dot.@example.org", "a..b@example.org"])
def test_an_address_that_cannot_exist_fails_before_any_request(world: World, address: str) -> None:
    world.platform.enrolment(world.platform.person("alice", email=address, discord_id=None), at=world.now)
    assert world.sweep().failed == 1
    assert world.sendgrid.requests == []
    [row] = world.log()
    assert "malformed" in row["error"]


ADVERT = "Win at https://bad.example/x or www.bad.example"


def test_a_name_is_no_link_in_any_part(world: World) -> None:
    alice, bob = world.platform.person("alice"), world.platform.person(ADVERT, email="bob@example.org")
    group = world.platform.group(ADVERT, members=[bob])
    world.platform.member(group, alice, joined_at=world.now)
    world.meeting_in(group, hours=23)
    world.sweep()
    mails = [part["value"] for mail in world.sendgrid.mails for part in mail["content"]]
    posts = [message["content"] for message in world.discord.messages]
    assert len(mails) > 2
    assert posts
    for text in [*mails, *posts, *(mail["subject"] for mail in world.sendgrid.mails)]:
        unfolded = text.replace("\r\n ", "")
        assert "https://bad.example" not in unfolded
        assert "www.bad" not in unfolded or text in posts  # Discord makes links of addresses with a scheme only
    assert any("bad.example/x" in text.replace("\r\n ", "") for text in mails)


def test_a_name_of_megabytes_costs_nobody_their_invite(world: World) -> None:
    alice = world.platform.person("alice")
    bob = world.platform.person("bob")
    world.platform.update("users", {"user_id": bob}, nickname="x" * 2_000_000)
    group = world.platform.group("y" * 300_000, members=[bob])
    world.platform.member(group, alice, joined_at=world.now)
    world.meeting_in(group, hours=30)
    assert world.sweep().failed == 0
    for mail in world.sendgrid.mails:
        assert sum(len(part["value"]) for part in mail["content"]) < 30_000
        assert len(mail["subject"]) < 200
    for message in world.discord.messages:
        assert len(message["content"]) < 500


def test_right_to_left_names_keep_the_order_of_a_list() -> None:
    facts = replace(FACTS, others=("אבי", "محمد", "bob"))
    assert Values(facts, SETTINGS, CATALOG.phrases, Medium.EMAIL_TEXT)["member_names"] == (
        "\u2068אבי\u2069, \u2068محمد\u2069, bob"
    )


def test_the_check_knows_the_phrase_for_a_group_without_a_name() -> None:
    assert "group_name_unknown" in messages.load().phrases


@pytest.mark.parametrize("blank", BLANKS)
def test_a_nickname_without_a_visible_character_gives_way_to_the_first_name(world: World, blank: str) -> None:
    alice = world.platform.person(None, email="alice@example.org\t")
    world.platform.connection.execute("alter table users add column if not exists first_name text")
    world.platform.update("users", {"user_id": alice}, nickname=blank.replace("\x00", ""), first_name="alice")
    world.platform.enrolment(alice, at=world.now)
    assert world.sweep().failed == 0
    [mail] = world.sendgrid.mails
    assert mail["personalizations"][0]["to"][0] == {"email": "alice@example.org", "name": "alice"}
    assert mail["content"][0]["value"].startswith("Hi alice,")
