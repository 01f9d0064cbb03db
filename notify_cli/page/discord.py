"""Discord's Markdown as HTML: bold, italic, underlined, struck out, code, quotes, lists, links, times.

After https://support.discord.com/hc/en-us/articles/210298617 and, for times, the table "Timestamp Styles" of
https://docs.discord.com/developers/reference#message-formatting.
"""

from __future__ import annotations

import html as markup
import re
from collections.abc import Callable
from datetime import UTC, datetime

from notify_cli import times

_STAMP = re.compile(r"&lt;t:(-?\d{1,12})(?::([tTdDfFR]))?&gt;")
_LINK = re.compile(r"\[([^\]\n]+)\]\((?:&lt;)?(https?://[^\s)]+?)(?:&gt;)?\)")
_ADDRESS = re.compile(r"(?<![\"'>=])(?:&lt;)?(https?://[^\s<>\"]+?)(?:&gt;)?(?=[.,;:!?)]*(?:\s|$|<))")
_ESCAPED = re.compile(r"\\([\\*_`~|\[\]()#>@:/<&-])")
_STYLES = (
    (re.compile(r"\*\*(.+?)\*\*"), "strong"),
    (re.compile(r"__(.+?)__"), "u"),
    (re.compile(r"~~(.+?)~~"), "s"),
    (re.compile(r"(?<![\w*])\*(?!\s)([^*\n]+?)\*(?!\w)"), "em"),
    (re.compile(r"(?<![\w_])_(?!\s)([^_\n]+?)_(?!\w)"), "em"),
)


def html(content: str, zone: str | None, now: datetime) -> str:
    """A message as HTML in which nothing but this module's own tags is markup; times in the reader's zone."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"\x00{len(kept) - 1}\x00"

    text = markup.escape(content.replace("\x00", ""), quote=True)
    text = re.sub(r"```(?:\w+\n)?(.+?)```", lambda m: keep(f"<pre>{m[1].strip()}</pre>"), text, flags=re.DOTALL)
    text = re.sub(r"`([^`\n]+)`", lambda m: keep(f"<code>{m[1]}</code>"), text)
    text = _STAMP.sub(lambda m: keep(_time(int(m[1]), m[2] or "f", zone, now)), text)
    text = _ESCAPED.sub(lambda m: keep(m[1]), text)
    text = _LINK.sub(lambda m: keep(f'<span class="link" title="{m[2]}">') + m[1] + keep("</span>"), text)
    text = _ADDRESS.sub(lambda m: keep(f'<span class="link">{m[1]}</span>'), text)
    for pattern, tag in _STYLES:
        text = pattern.sub(rf"<{tag}>\1</{tag}>", text)
    return _restore("\n".join(_line(line) for line in text.strip("\n").split("\n")), kept.__getitem__)


def _restore(text: str, kept: Callable[[int], str]) -> str:
    while "\x00" in text:
        text = re.sub(r"\x00(\d+)\x00", lambda m: kept(int(m[1])), text)
    return text


def _line(line: str) -> str:
    if quoted := re.match(r"&gt; (.*)", line):
        return f'<div class="quote">{quoted[1]}</div>'
    if heading := re.match(r"#{1,3} (.*)", line):
        return f'<div class="large">{heading[1]}</div>'
    if item := re.match(r"( *)[-*] (.*)", line):
        return f'<div class="item">{item[2]}</div>'
    return f"<div>{line or '<br>'}</div>"


def _time(seconds: int, style: str, zone: str | None, now: datetime) -> str:
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return "Invalid Date"
    local = times.in_zone(at, zone)
    day = f"{times.date(at, zone).partition(' ')[2]} {local.year}"
    words = {
        "t": f"{local:%H:%M}",
        "T": f"{local:%H:%M:%S}",
        "d": f"{local:%d/%m/%Y}",
        "D": day,
        "f": f"{day} {local:%H:%M}",
        "F": f"{times.weekday(at, zone)}, {day} {local:%H:%M}",
        "R": f"in {times.distance(at - now)}" if at > now else f"{times.distance(now - at)} ago",
    }
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{words[style]}</time>'
