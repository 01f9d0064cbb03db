"""Characters that command a terminal instead of standing on it: names and files hold whatever people put there."""

from __future__ import annotations

import re

# What moves a terminal's cursor (C0, DEL, C1), turns its text round (bidirectional overrides and isolates) or is no
# text (surrogates, byte order marks); joiners and marks belong to what people write. A line feed is no part of it.
CONTROLS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


def escaped(text: str) -> str:
    r"""The text with each such character as Python writes it: ESC as `\x1b`. Line feeds stay."""
    return CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def escaped_json(text: str) -> str:
    r"""The same for a text that is JSON already, in which ESC is `\u001b` (RFC 8259, section 7)."""
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
