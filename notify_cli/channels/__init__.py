"""The channels: each a module of its own that a line of the registry names, loaded only when it has work."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from typing import Protocol

from notify_cli.config import Settings
from notify_cli.errors import AccountError
from notify_cli.model import Message, Receipt
from notify_cli.registry import Method

# httpx also loads its own command line, with rich and pygments, wherever rich is installed: more than half of what its
# import costs a busy sweep. It goes without when that module cannot be imported, which is what None means here.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]


class Channel(Protocol):
    """An open way to a provider.

    `concurrency` is how many sends may be in flight at once; `interval` the least time in seconds between two sends
    over all hosts (0.0: no shared pace).
    """

    concurrency: int
    interval: float

    def prepare(self, message: Message, timeout: float = 10.0) -> Message:
        """Do what must come before the message's turn in the pace, such as opening a DM channel. Raises as `send`."""

    def send(self, message: Message, timeout: float = 10.0) -> Receipt:
        """Deliver one message within about `timeout` seconds. Safe to call from several threads at once.

        Raises one of the four DeliveryErrors, which says what becomes of it: RecipientError, TemporaryError,
        UnknownOutcomeError, AccountError.
        """

    def learned(self) -> dict[str, str]:
        """Addresses that were looked up since the last call and are worth remembering for later runs.

        Each maps the recipient's id to the address, such as a Discord id to the id of the DM channel with that person.
        Empties itself. Safe to call from several threads at once.
        """

    def close(self) -> None:
        """Close the connections. May be called more than once."""


# A module that a method's registry line names has `open_channels(settings, methods) -> dict[Method, Channel]`; so has
# this one, to which all methods go where an outbox is set.
OUTBOX = "notify_cli.channels.outbox"


def open_channels(settings: Settings, methods: Iterable[Method]) -> dict[Method, Channel]:
    """Open what these methods need; nothing is connected yet. With an outbox everything goes there.

    Methods of one module are opened together, so that those of one account share its rate limits.
    Raises ConfigError if the settings do not allow it.
    """
    by_module: dict[str, list[Method]] = {}
    for method in dict.fromkeys(methods):
        by_module.setdefault(OUTBOX if settings.outbox else method.way.module, []).append(method)
    opened: dict[Method, Channel] = {}
    for name, together in by_module.items():
        opened.update(importlib.import_module(name).open_channels(settings, together))
    return opened


def open_channel(method: Method, settings: Settings) -> Channel:
    """Open one method alone, see open_channels."""
    return open_channels(settings, [method])[method]


def given_up(channel: Channel) -> AccountError | None:
    """Why a channel left its usual provider for another in this run, for whoever must act on it; None if it did not."""
    error = getattr(channel, "given_up", None)
    return error if isinstance(error, AccountError) else None
