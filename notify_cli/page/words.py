"""How the page calls things."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from notify_cli import times
from notify_cli.messages.timing import Moment, Send
from notify_cli.registry import ASSIGNED, CANCEL, UPDATE

_ANCHORS = {
    "meeting": "the meeting",
    "joining": "joining a group",
    "signup": "signing up",
    "trial": "starting a trial lesson",
}
_BY_ITSELF = {
    ASSIGNED: "when somebody has been put into a group",
    UPDATE: "when what a calendar shows is not true any more",
    CANCEL: "when a calendar shows meetings that somebody has no part in any more",
}
_UNITS = ((24 * 60, "day"), (60, "hour"), (1, "minute"))

# The kinds of statuses and verdicts: what is well, what waits, what somebody wanted so, what needs somebody.
_KINDS = {
    **dict.fromkeys(("delivered", "sent"), "good"),
    **dict.fromkeys(("will_send", "not_due_yet", "scheduled", "retrying"), "open"),
    **dict.fromkeys(("failed", "bounced", "expired", "no_address", "suppressed"), "bad"),
}


def title(name: str) -> str:
    """`meeting_reminder_24h` as `Meeting reminder 24h`."""
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def verdict(value: str) -> str:
    """`not_due_yet` as `not due yet`."""
    return value.replace("_", " ")


def kind(value: str) -> str:
    """`good`, `open` or `bad`; `quiet` for what needs nobody's attention."""
    return _KINDS.get(value, "quiet")


def many(count: int, what: str) -> str:
    """`1 email`, `3 emails`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def day(at: date, today: date) -> str:
    """`Today, Wednesday 4 February`; `Tomorrow`, `Yesterday` likewise, else the date."""
    near = {0: "Today", 1: "Tomorrow", -1: "Yesterday"}.get((at - today).days)
    told = times.date(datetime(at.year, at.month, at.day, tzinfo=UTC), None)
    return f"{near}, {told}" if near else told


def when(send: Send) -> str:
    """A `send` line as a sentence goes on: `3 days before the meeting, to facilitators`."""
    told = _BY_ITSELF.get(send.name) or _moment(send.when)
    audience = "" if send.audience == "members" else f", to {send.audience}"
    share = {None: "", 100: ", to those with lessons left"}.get(
        send.share, f", to those with fewer than {send.share}% of the lessons done"
    )
    courses = f", in {', '.join(send.courses)}" if send.courses else ""
    return told + audience + share + courses


def by_itself(name: str) -> str:
    """When a type goes out that is not timed by a `send` line; empty for one that staff send."""
    return _BY_ITSELF.get(name, "")


def _moment(moment: Moment) -> str:
    anchor = _ANCHORS[moment.anchor]
    minutes = abs(moment.offset) // timedelta(minutes=1)
    if not minutes:
        return f"at once after {anchor}" if not moment.at_end else f"at the end of {anchor}"
    size, unit = next((size, unit) for size, unit in _UNITS if minutes % size == 0)
    return f"{many(minutes // size, unit)} {'before' if moment.offset < timedelta(0) else 'after'} {anchor}"
