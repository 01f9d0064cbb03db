"""What the sender of a message gives it to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from notify_cli.errors import ArgumentError
from notify_cli.messages import escape


def variables(given: Mapping[str, Any]) -> dict[str, str]:
    """What a message is given to say, as text. Raises ArgumentError for what is neither text nor a number."""
    faults = []
    if not isinstance(given, Mapping):
        raise ArgumentError(f"context is {kind_of(given)}: give a mapping of variables to their values")
    for name, value in given.items():
        if not isinstance(name, str):
            faults.append(f"{name!r} cannot name a variable: names are text")
        elif isinstance(value, bool) or not isinstance(value, str | int | float):
            faults.append(f"variable {name} is {kind_of(value)}: give text or a number")
    if faults:
        raise ArgumentError(*faults)
    return {name: escape.staff_text(str(value)) for name, value in given.items()}


def kind_of(value: object) -> str:
    """What a value is, for whoever gave a wrong one."""
    return "None" if value is None else f"of type {type(value).__name__}"
