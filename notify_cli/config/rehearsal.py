"""What a rehearsal does with messages, in words: where they go, what is stopped, and how to reach people again."""

from __future__ import annotations

from collections.abc import Iterator

from notify_cli.config import Settings
from notify_cli.errors import Line
from notify_cli.registry import CHANNELS

_USES_NOTHING_UP = "a rehearsal, which uses nothing up"
_NAMES = {"email": "email", "discord": "Discord"}
_REDIRECTS = {
    "email": ("NOTIFY_REDIRECT_EMAIL", "all emails go"),
    "discord": ("NOTIFY_REDIRECT_DISCORD", "all of Discord goes"),
}


def lines(settings: Settings) -> Iterator[Line]:
    """A line for the outbox, each redirect and each channel that is stopped; none where people are really reached."""
    if settings.outbox:
        told = f"nothing leaves this machine, it goes to {settings.outbox}: {_USES_NOTHING_UP}"
        yield Line(told, mend="unset NOTIFY_OUTBOX to really send")
    for channel, target in settings.redirects.items():
        variable, what = _REDIRECTS[channel]
        if target:
            told = f"{variable}: {what} to {target}: {_USES_NOTHING_UP}"
            yield Line(told, mend=f"unset {variable} to reach the real people")
    for channel in CHANNELS:
        if settings.stops(channel):
            yield stopped(channel)


def stopped(channel: str) -> Line:
    """That a channel, by the registry's name, sends nothing beside a redirect of another."""
    name, (variable, _) = _NAMES.get(channel, channel), _REDIRECTS.get(channel, ("", ""))
    if not variable:
        return Line(f"{name} is stopped: it has no redirect", mend="unset the redirects to reach the real people")
    mend = f"set {variable} too, or unset the other redirect to reach the real people"
    return Line(f"{name} is stopped: the other channel is redirected, and {variable} is not set", mend=mend)
