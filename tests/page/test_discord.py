"""Discord's Markdown as the page shows it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notify_cli.page import discord

NOW = datetime(2026, 2, 4, 12, 0, tzinfo=UTC)
SOON = int((NOW + timedelta(hours=3)).timestamp())


def shown(content: str) -> str:
    return discord.html(content, "Europe/Berlin", NOW)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("Hi **Bob**, *soon*", "<div>Hi <strong>Bob</strong>, <em>soon</em></div>"),
        ("__under__ ~~gone~~ _slanted_", "<div><u>under</u> <s>gone</s> <em>slanted</em></div>"),
        ("snake_case_name and 2*3*4", "<div>snake_case_name and 2*3*4</div>"),
        (r"\*not bold\* \\ \_x\_", "<div>*not bold* \\ _x_</div>"),
        ("`**code**`", "<div><code>**code**</code></div>"),
        ("a\n\nb", "<div>a</div>\n<div><br></div>\n<div>b</div>"),
        ("> quoted\n- item", '<div class="quote">quoted</div>\n<div class="item">item</div>'),
        ("# Large", '<div class="large">Large</div>'),
        ("<b>&amp;</b>", "<div>&lt;b&gt;&amp;amp;&lt;/b&gt;</div>"),
        ("see https://a.example/x_y_z.", '<div>see <span class="link">https://a.example/x_y_z</span>.</div>'),
        ("[here](https://a.example/b)", '<div><span class="link" title="https://a.example/b">here</span></div>'),
        ("<t:99999999999999:F> <t:x:F>", "<div>&lt;t:99999999999999:F&gt; &lt;t:x:F&gt;</div>"),
        ("<t:999999999999:F>", "<div>Invalid Date</div>"),
    ],
)
def test_it_is_marked_up_as_discord_does(content: str, expected: str) -> None:
    assert shown(content) == expected


@pytest.mark.parametrize(
    ("style", "expected"),
    [
        ("F", "Wednesday, 4 February 2026 16:00"),
        ("f", "4 February 2026 16:00"),
        ("D", "4 February 2026"),
        ("d", "04/02/2026"),
        ("t", "16:00"),
        ("T", "16:00:00"),
        ("R", "in 3 hours"),
    ],
)
def test_times_are_told_in_the_readers_zone(style: str, expected: str) -> None:
    assert shown(f"<t:{SOON}:{style}>") == f'<div><time datetime="2026-02-04T15:00:00Z">{expected}</time></div>'
    assert expected in shown(f"<t:{SOON}>") or style != "f"


@given(st.text(alphabet=st.sampled_from("*_`~|<>[]()#-@:/\\&\"'\n\x00 ahtps:t1F{}"), max_size=60))
def test_nothing_that_anybody_writes_becomes_markup(content: str) -> None:
    tags = set(re.findall(r"<(/?\w+)", discord.html(content, None, NOW)))
    assert {tag.removeprefix("/") for tag in tags} <= {
        *("div", "strong", "em", "u", "s", "code", "pre", "time", "span", "br")
    }
