"""The grammar of placeholders: `{name}`, `{count:singular|plural}`, `{{` and `}}`. Nothing else, and no evaluation.

A count has a word for each plural form of the text's language, in the order of `languages.plural_forms`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from notify_cli.errors import RecipientError
from notify_cli.messages import languages
from notify_cli.messages.languages import ENGLISH

Value = str | int
# Values by the names of variables. Behind a name may stand in what form it is asked for: `name#block`, see `Values`.
Lookup = Mapping[str, Value]

_TOKEN = re.compile(r"\{\{|\}\}|\{([^{}\n]*)\}|[{}]")
_LABEL = re.compile(r"\[[^\[\]\n]*\](?=\()")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Slot:
    """A placeholder at `offset` characters into its text.

    `forms` are the words of a count, one for each plural form of the text's `language`. `labels` tells that it stands
    in the words of a link, `[words](address)`.
    """

    name: str
    offset: int
    forms: tuple[str, ...] = ()
    language: str = ENGLISH
    labels: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is a number with its word, such as "3 lessons"."""
        return bool(self.forms)

    def render(self, values: Lookup) -> str:
        """The value as text. RecipientError when a count is not a whole number."""
        value = values[f"{self.name}#label" if self.labels else self.name]
        if not self.forms:
            return value if isinstance(value, str) else str(value)
        try:
            count = int(value)
        except ValueError:
            raise RecipientError(f"{{{self.name}}} counts {self.forms[-1]}: it must be a whole number") from None
        return f"{count} {self.forms[languages.plural_form(count, self.language)]}"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at `offset` characters into a text; `snippet` is the wrong piece as it stands there."""

    offset: int
    snippet: str
    text: str


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed text: literal pieces and slots in order. A template with faults must not be sent."""

    pieces: tuple[str | Slot, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def slots(self) -> list[Slot]:
        """Its placeholders in order of appearance."""
        return [piece for piece in self.pieces if isinstance(piece, Slot)]

    @property
    def literal_length(self) -> int:
        """Characters outside the placeholders, and the words of its plurals."""
        literal = sum(len(piece) for piece in self.pieces if isinstance(piece, str))
        return literal + sum(1 + max(map(len, slot.forms)) for slot in self.slots if slot.counts)

    def fill(self, values: Lookup) -> str:
        """The text with every slot replaced; what `values` raises for a name it lacks goes through."""
        return "".join([piece if isinstance(piece, str) else piece.render(values) for piece in self.pieces])


def parse(text: str, language: str = ENGLISH) -> Template:
    """Parse a text; never raises: what is wrong is in `faults`, and stays in the text as it is.

    `language`, a BCP 47 tag, decides how many words a count has.
    """
    pieces: list[str | Slot] = []
    faults: list[Fault] = []
    end = 0
    labels = [match.span() for match in _LABEL.finditer(text)]
    for match in _TOKEN.finditer(text):
        pieces.append(text[end : match.start()])
        end = match.end()
        found, inner = match.group(), match.group(1)
        if found in ("{{", "}}"):
            pieces.append(found[0])
            continue
        slot = None if inner is None else _slot(inner, match.start(), language)
        if slot and any(start < match.start() < stop for start, stop in labels):
            slot = replace(slot, labels=True)
        if slot is None:
            snippet, reason = _explain(found, inner, text[match.start() :], language)
            faults.append(Fault(match.start(), snippet, reason))
        pieces.append(found if slot is None else slot)
    pieces.append(text[end:])
    return Template(tuple(piece for piece in pieces if piece != ""), tuple(faults))


def _slot(inner: str, offset: int, language: str) -> Slot | None:
    name, colon, words = inner.partition(":")
    if not _NAME.fullmatch(name):
        return None
    if not colon:
        return Slot(name, offset)
    forms = tuple(form.strip() for form in words.split("|"))
    fits = len(forms) == len(languages.plural_forms(language)) and all(forms)
    return Slot(name, offset, forms, language) if fits else None


def _explain(found: str, inner: str | None, rest: str, language: str) -> tuple[str, str]:
    """The wrong piece and why it is wrong."""
    if inner is None:
        line = rest.split("\n", 1)[0][:30].rstrip()
        if found == "{":
            return line, f"unclosed brace at {line!r}: close it with }}, or write {{{{ for a literal brace"
        return found, "stray } without its {: write }} for a literal brace"
    name, colon, _words = inner.partition(":")
    if not inner.strip():
        return found, f"empty placeholder {found}: write {{{{ and }}}} for literal braces"
    if colon and _NAME.fullmatch(name.strip()):
        return found, f"{found} is not a count with its word: {_count(name.strip(), language)}"
    if _NAME.fullmatch(inner.strip()):
        return found, f"{found} has a space inside: write {{{inner.strip()}}}"
    if "." in inner or "[" in inner:
        return found, f"{found} reaches inside a value: only {{name}} is allowed"
    if "!" in inner:
        return found, f"{found} has a conversion: only {{name}} is allowed"
    return found, f"{found} is not a placeholder: write {{name}}, or {{{{ and }}}} for literal braces"


def _count(name: str, language: str) -> str:
    """How a count is written in a language."""
    forms = languages.plural_forms(language)
    if len(forms) == 2:
        return f"write {{{name}:singular|plural}}"
    return f"write {{{name}:{'|'.join(forms)}}}, the words for {languages.plural_examples(language)}"
