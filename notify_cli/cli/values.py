"""Values as people type them on the command line: each kind has one parser, and one sentence for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from notify_cli.cli import completion
from notify_cli.delivery import LARGEST_ID
from notify_cli.errors import UsageError
from notify_cli.registry import CHANNELS


def id_option(name: str, help_text: str) -> Any:
    """An option that takes the id of a row, more than one where its parameter is a list."""
    return typer.Option(name, help=help_text, metavar="ID", parser=an_id)


def name_option(kind: Kind, name: str, help_text: str) -> Any:
    """An option that names a user, group or cohort as people do; `platform.named` looks up who or what is meant."""
    offers = {
        "user": completion.complete_users,
        "group": completion.complete_groups,
        "cohort": completion.complete_cohorts,
    }
    return typer.Option(name, help=help_text, metavar=kind.upper(), parser=a_name, autocompletion=offers[kind])


def channel_option(help_text: str) -> Any:
    """The option --channel; it may be repeated."""
    names = "|".join(CHANNELS)
    return typer.Option(
        "--channel", help=help_text, metavar=f"[{names}]", parser=a_channel, autocompletion=_complete_channels
    )


Kind = Literal["user", "group", "cohort"]
_LONGEST_NAME = 320  # characters: the longest email address

# The option --set, for `variables`.
Given = Annotated[
    list[str] | None, typer.Option("--set", help="A variable of the message; may be repeated.", metavar="NAME=TEXT")
]


def an_id(text: str) -> int:
    """The id of a row: ASCII digits, from 1 to LARGEST_ID. Raises BadParameter."""
    if not re.fullmatch(r"[0-9]{1,19}", text) or not 1 <= int(text) <= LARGEST_ID:
        raise typer.BadParameter(f"{text!r} is not an id: give the number from the platform's table, such as 12")
    return int(text)


def a_name(text: str) -> str:
    """An id, an address or a name, blanks around it and more than one between its words apart. Raises BadParameter."""
    name = " ".join(text.split())
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        told = f"{text[:_LONGEST_NAME]!r} names nobody and nothing"
        raise typer.BadParameter(f"{told}: give an id, a name or, of a person, an email address or Discord id")
    return name


def a_channel(text: str) -> str:
    """What people call a provider. Raises BadParameter."""
    if text not in CHANNELS:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(map(repr, CHANNELS))}")
    return text


def a_state(text: str) -> str:
    """A word for what becomes of a message, of those that `explain`, `send` and `log` use. Raises BadParameter."""
    from notify_cli.display import words

    state = text.strip().lower().replace(" ", "_")
    if not words.is_state(state):
        known = ", ".join(words.STATES)
        raise typer.BadParameter(f"{text!r} is no state of a message: give one of {known}")
    return state


def an_address(text: str) -> str:
    """An email address, as it goes on the wire. Raises BadParameter."""
    from notify_cli.config import values

    try:
        return values.address(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} {error}") from error


def variables(given: Sequence[str]) -> dict[str, str]:
    """NAME=TEXT options as the variables of a message. Raises UsageError with every one that is none."""
    from notify_cli.messages import given as texts

    found: dict[str, str] = {}
    faults = []
    for option in given:
        name, equals, text = option.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            example = "such as --set subject='No meeting next week'"
            faults.append(f"--set {option!r} is not NAME=VALUE: write NAME=TEXT, {example}")
        elif not text.strip():
            faults.append(f"--set {name} is empty: a message says something, or leaves the variable out")
        elif name in found:
            faults.append(f"--set {name} is given twice")
        found[name] = text
    if faults:
        raise UsageError(*faults)
    return texts.variables(found)


def _complete_channels(incomplete: str) -> list[str]:
    return [name for name in CHANNELS if name.startswith(incomplete)]
