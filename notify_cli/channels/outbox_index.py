"""The index.html of an outbox: its newest files, each with what it is, to whom and what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.parser import BytesHeaderParser
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from notify_cli import files, times
from notify_cli.characters import CONTROLS
from notify_cli.registry import Method

NAME = "index.html"
PAGE = Path("page") / "index.html"  # where a page of `notify page` is linked to
MOST = 500  # files; the index says how many older ones there are
_MARK = 'content="notify outbox"'
_LABELS = {method.value: method.way.label for method in Method}
_HEADERS = 16_384  # bytes of an email in which its headers stand


@dataclass(frozen=True, slots=True)
class _Entry:
    by: str
    to: str
    says: str


def write(folder: Path) -> None:
    """Write the index anew, over all that is in the folder now; an index.html of others stays. Raises OSError."""
    if not files.is_ours(folder / NAME, _MARK):
        return
    found = sorted(_messages(folder), key=lambda item: item[0], reverse=True)
    rows = "".join(_row(changed, path) for changed, path in found[:MOST])
    older = f"{len(found) - MOST:,} older files are not listed." if len(found) > MOST else ""
    page = f'<a href="{PAGE.as_posix()}">The page over all messages</a>' if (folder / PAGE).is_file() else ""
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    told = {"count": f"{len(found):,}", "page": page, "rows": rows, "older": older}
    for name, text in told.items():
        template = template.replace(f"<!-- {name} -->", text)
    files.write(folder / NAME, template.encode("utf-8", "replace"))


def _messages(folder: Path) -> Iterator[tuple[float, Path]]:
    """The messages in the folder, each with the time of its writing. One that goes away meanwhile is none."""
    for path in folder.iterdir():
        if path.suffix in (".eml", ".json") and not path.name.startswith("."):
            try:
                yield path.stat().st_mtime, path
            except FileNotFoundError:
                continue


def _row(changed: float, path: Path) -> str:
    at = datetime.fromtimestamp(changed, UTC)
    try:
        entry = _email(path) if path.suffix == ".eml" else _request(path)
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # not a file of ours
        entry = _Entry("file", "", path.name)
    cells = (times.local(at, at), entry.by, entry.to, entry.says)
    when, by, to, says = (escape(CONTROLS.sub(" ", text)) for text in cells)
    link = f'<a href="{quote(path.name)}"><bdi>{says or "no subject"}</bdi></a>'
    return f"<tr><td>{when}</td><td>{by}</td><td><bdi>{to}</bdi></td><td>{link}</td></tr>\n"


def _email(path: Path) -> _Entry:
    with path.open("rb") as file:
        headers = BytesHeaderParser(policy=policy.default).parsebytes(file.read(_HEADERS))
    return _Entry("email", str(headers["To"] or ""), str(headers["Subject"] or ""))


def _request(path: Path) -> _Entry:
    request: dict[str, Any] = json.loads(path.read_bytes())
    body = request["body"]
    to = next((str(request[key]) for key in ("recipient_id", "channel_id", "to") if key in request), "")
    method = str(request.get("method", "text"))
    said = str(body.get("content") or body.get("text") or "").strip()
    return _Entry(_LABELS.get(method, method), to, said.split("\n", 1)[0])
