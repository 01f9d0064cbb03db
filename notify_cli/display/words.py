"""What our values are called where people read them."""

from __future__ import annotations

from notify_cli.registry import Method

_METHODS = {method.value: method.way.short for method in Method}

_STYLES = {
    "delivered": "green",
    "sent": "green",
    "will_send": "cyan",
    "not_due_yet": "cyan",
    "scheduled": "cyan",
    "retrying": "yellow",
    "pending": "yellow",
    "failed": "red",
    "cancelled": "magenta",
    "disabled": "magenta",
}


def method(value: str | None) -> str:
    """A channel, short enough for a column."""
    return _METHODS.get(value or "", value or "")


def verdict(value: str) -> str:
    """`not_due_yet` as `not due yet`."""
    return value.replace("_", " ")


def style(value: str) -> str:
    """The colour of a status or verdict; what needs nobody's attention is grey."""
    return _STYLES.get(value, "bright_black")
