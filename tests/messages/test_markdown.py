"""The text of an email as Markdown: what becomes a link, a button, a list; and that values are never Markdown."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from notify_cli.errors import RecipientError
from notify_cli.messages import page, render
from notify_cli.model import Email, Facts
from tests.messages.test_render import ALICE, FACTS, SETTINGS, own, tags

URL = "https://discord.com/channels/111/999"


def mail(tmp_path: Path, body: str, facts: Facts = FACTS, variables: str = "", **settings: object) -> Email:
    """The email whose body is this."""
    indented = body.replace("\n", "\n    ")
    source = f"{variables}  email_subject: Hello\n  email_body: |\n    {indented}\n"
    section, catalog = own(tmp_path, source)
    return render.email(section, catalog, facts, replace(SETTINGS, **settings), "k")  # type: ignore[arg-type]


def content(made: Email) -> str:
    """What stands in the page below its heading, without styles."""
    found = re.search(r"</h1>\n(.*?)</div>\n</td>", made.html, re.DOTALL)
    assert found
    return re.sub(r' style="[^"]*"', "", found[1])


def test_a_link_has_words(tmp_path: Path) -> None:
    made = mail(tmp_path, "Come and [join the call]({join_url}), **now**.")
    assert content(made) == f'<p>Come and <a href="{URL}">join the call</a>, <strong>now</strong>.</p>\n'
    assert made.text == f"Come and join the call: {URL}, now.\n"


def test_a_link_alone_in_its_paragraph_is_a_button(tmp_path: Path) -> None:
    made = mail(tmp_path, "Hi {name},\n\n[Join the call]({join_url})\n\nBye.")
    assert re.search(rf'<td class="button"[^>]*><a href="{URL}">Join the call</a></td>', content(made))
    assert 'role="presentation"' in content(made)
    assert f"\n\nJoin the call: {URL}\n\n" in made.text


@pytest.mark.parametrize(
    "body", ["[Join]({join_url}) us", "- [Join]({join_url})", "{join_url}", "[a]({join_url}) [b]({join_url})"]
)
def test_a_link_that_is_not_alone_is_no_button(tmp_path: Path, body: str) -> None:
    assert 'class="button"' not in content(mail(tmp_path, body))


def test_a_bare_address_is_a_link_and_leaves_out_what_stands_around_it(tmp_path: Path) -> None:
    for typed in ("“https://x.example/a”", "https://x.example/a…", "https://x.example/a。", "*https://x.example/a*"):
        assert '<a href="https://x.example/a">https://x.example/a</a>' in content(mail(tmp_path, typed)), typed
    assert f'<a href="{URL}">{URL}</a>' in content(mail(tmp_path, "“{join_url}”"))


def test_lists_and_emphasis(tmp_path: Path) -> None:
    made = mail(tmp_path, "Do:\n- *one*\n- two {name}\n\n1. first\n2. second")
    assert content(made) == (
        "<p>Do:</p>\n<ul>\n<li><em>one</em></li>\n<li>two <bdi>Alice</bdi></li>\n</ul>\n"
        "<ol>\n<li>first</li>\n<li>second</li>\n</ol>\n"
    )


def test_a_list_of_lessons_is_a_block_wherever_it_stands(tmp_path: Path) -> None:
    made = mail(tmp_path, "Lessons:\n{lesson_list}\nGood luck.")
    assert content(made) == (
        "<p>Lessons:</p>\n<ul><li><bdi>What is it?</bdi></li><li><bdi>Deeper</bdi></li></ul><p>Good luck.</p>\n"
    )
    assert made.text == "Lessons:\n- What is it?\n- Deeper\nGood luck.\n"
    done = mail(tmp_path, "Lessons:\n{lesson_list}", replace(FACTS, unfinished=()))
    assert "<p>None left, you are all set!</p>" in content(done)


@pytest.mark.parametrize("name", ["**bold**", "[x](y)", "- item", "<b>", "a_b_c", "`x`", "\\*", "# x", "1. x", "&amp;"])
def test_a_name_is_no_markdown(tmp_path: Path, name: str) -> None:
    facts = replace(FACTS, person=replace(ALICE, name=name))
    made = mail(tmp_path, "{name}\n\n**{name}** and _{name}_", facts)
    plain = mail(tmp_path, "{name}\n\n**{name}** and _{name}_")
    assert tags(made.html) == tags(plain.html)
    assert made.text.startswith(f"{name}\n\n{name} and ")


def test_html_in_the_text_is_shown_as_it_stands(tmp_path: Path) -> None:
    assert "&lt;script&gt;" in content(mail(tmp_path, "a <script>alert(1)</script>"))


def test_a_given_text_of_several_paragraphs_keeps_them(tmp_path: Path) -> None:
    given = replace(FACTS, given={"text": "One **x**\nline.\n\n- a\n- b\n\n[Look](https://x.example) <b>"})
    made = mail(tmp_path, "Hi {name},\n\n{text}\n\nBye {text}", given, "  variables: [text]\n")
    assert "<p>One <strong>x</strong><br>\nline.</p>\n<ul>\n<li>a</li>\n<li>b</li>\n</ul>" in content(made)
    assert '<a href="https://x.example">Look</a> &lt;b&gt;' in content(made)


def test_a_link_leads_only_where_a_web_address_is_given(tmp_path: Path) -> None:
    body, variables = "[Look]({where}) here", "  variables: [where]\n"
    good = mail(tmp_path, body, replace(FACTS, given={"where": "https://x.example/?a=1&b=2"}), variables)
    assert '<a href="https://x.example/?a=1&amp;b=2">Look</a>' in content(good)
    for bad in ("javascript:alert(1)", 'https://x"onclick="y', "nowhere"):
        with pytest.raises(RecipientError, match="must be a web address"):
            mail(tmp_path, body, replace(FACTS, given={"where": bad}), variables)
    within = mail(tmp_path, "[x](https://x.example/{name}) y", replace(FACTS, person=replace(ALICE, name='a"/ b')))
    assert 'href="https://x.example/a%22%2F%20b"' in within.html


def test_markdown_is_converted_once_however_many_get_it(tmp_path: Path) -> None:
    section, catalog = own(tmp_path, "  email_subject: a\n  email_body: Hi {name}\n")
    render.email(section, catalog, FACTS, SETTINGS, "k")
    first = section.parts["email_body"].page
    render.email(section, catalog, replace(FACTS, person=replace(ALICE, name="Bob")), SETTINGS, "k")
    assert section.parts["email_body"].page is first


def test_each_name_has_a_direction_of_its_own(tmp_path: Path) -> None:
    made = mail(tmp_path, "With {member_names} in {group_name}.", replace(FACTS, others=("אבי", "محمد", "bob")))
    assert "<bdi>אבי</bdi>, <bdi>محمد</bdi>, <bdi>bob</bdi> in <bdi>Owls</bdi>" in content(made)


def test_the_page_has_a_preheader_a_sender_and_a_footer(tmp_path: Path) -> None:
    made = mail(tmp_path, "Hi {name},\n\nWe meet soon.", from_name="Our Course", footer="Our Course, Street 1 & Co")
    assert re.search(r'<div style="display:none[^"]*">We meet soon.</div>', made.html)
    assert "Our Course</div>" in made.html
    assert "Our Course, Street 1 &amp; Co</p>" in made.html
    assert made.text.endswith(
        "\n-- \nOur Course, Street 1 & Co\nYou get this email because you take part in the course.\n"
    )
    assert "<img" not in made.html


def test_a_logo_has_the_senders_name_where_images_are_off(tmp_path: Path) -> None:
    made = mail(tmp_path, "Hi.", from_name="Our Course", logo_url="https://x.example/logo.png")
    assert re.search(r'<img src="https://x.example/logo.png" alt="Our Course"', made.html)


def test_a_page_of_ones_own_takes_the_place_of_ours(tmp_path: Path) -> None:
    base = tmp_path / "base.html"
    base.write_text(
        "<style>p { color: red }</style><!-- if footer -->F<!-- else -->no footer<!-- end -->{lang}|{content}", "utf-8"
    )
    made = mail(tmp_path, "Hi.", email_base=base)
    assert re.sub(r' style="[^"]*"', "", made.html) == ("<style>p { color: red }</style>no footeren|<p>Hi.</p>\n")


def test_a_page_that_cannot_be_used_is_told_and_ours_goes_out(tmp_path: Path) -> None:
    base = tmp_path / "base.html"
    base.write_text("nothing", "utf-8")
    broken = replace(SETTINGS, email_base=base)
    assert page.load(broken) == [f"the page of emails, {base}, has no {{content}}: the text would be nowhere"]
    assert content(mail(tmp_path, "Hi.", email_base=base)) == "<p>Hi.</p>\n"
    base.unlink()
    [line] = page.load(broken)
    assert "No such file" in line
    assert page.load(SETTINGS) == []


@pytest.mark.parametrize(
    ("name", "shown"), [("Team_A_1", "Team_A_1"), ("*Owls*", "＊Owls＊"), ("a]b[c", "a］b［c"), ("_x_", "＿x＿")]
)
def test_a_name_in_the_words_of_a_link_on_discord_shows_no_backslash(tmp_path: Path, name: str, shown: str) -> None:
    section, catalog = own(tmp_path, "  discord: '[{group_name}]({join_url}) {group_name}'\n")
    assert FACTS.group
    facts = replace(FACTS, group=replace(FACTS.group, name=name))
    content_there = render.discord(section, "discord", catalog, facts, SETTINGS, "k").content
    assert content_there.startswith(f"[{shown}]({URL}) ")
