"""What our values are called where people read them."""

from __future__ import annotations

from notify_cli.registry import Method

_METHODS = {method.value: method.way.short for method in Method}

# Every word for what becomes of a message: of `explain`, of `send` and of the log.
STATES = (
    *("will_send", "sent", "delivered", "scheduled", "retrying", "failed", "bounced", "not_due_yet", "expired"),
    *("cancelled", "absorbed", "disabled", "opted_out", "no_address", "suppressed", "not_a_member", "not_attending"),
    *("joined_too_late", "lessons_done", "account_deleted", "group_inactive", "before_start", "not_applicable"),
    "duplicate",
)
# What the log calls them: it has rows of what was tried, stored or cancelled, and no others.
_IN_THE_LOG = {"sent": ("delivered",), "pending": ("scheduled", "retrying")}

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


def is_state(word: str) -> bool:
    """Whether it is a word for what becomes of a message; `pending` was one, and is understood."""
    return word in STATES or word in _IN_THE_LOG


def in_the_log(state: str) -> tuple[str, ...]:
    """The words of the log for a state, by any of its names; also of `pending`, as its table has it."""
    return _IN_THE_LOG.get(state, (state,))


def verdict(value: str) -> str:
    """`not_due_yet` as `not due yet`."""
    return value.replace("_", " ")


def style(value: str) -> str:
    """The colour of a status or verdict; what needs nobody's attention is grey."""
    return _STYLES.get(value, "bright_black")
