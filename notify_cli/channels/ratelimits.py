"""A provider's rate limits as its answers tell them: nothing is hard-coded, nothing sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from notify_cli.errors import TemporaryError

_ALL = "*"
_UNTIL_ANSWERED = 0.25  # seconds to wait for another request's answer


class RateLimits:
    """What one account may ask at this moment. Shared by every thread that uses the account.

    A route is a path without its major id, as `/channels/{}/messages`; `major` is that id. `now` is a monotonic clock.
    `cautious`: where there is a major id, one request at a time, until an answer has told what may be asked of it.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic, *, cautious: bool = False) -> None:
        self._now = now
        self._cautious = cautious
        self._answered: set[str] = set()
        self._in_flight: set[str] = set()
        self._lock = threading.Lock()
        self._blocked_until: dict[str, float] = {}
        self._buckets: dict[str, str] = {}
        self._windows: dict[str, tuple[int, float]] = {}
        self._sizes: dict[str, tuple[int, float]] = {}  # requests and seconds of a whole window, as last told

    def enter(self, route: str, major: str) -> None:
        """Before a request: raises TemporaryError with the remaining wait if its bucket is used up.

        Who enters calls `leave`, whatever became of the request.
        """
        with self._lock:
            now = self._now()
            first = self._cautious and bool(major) and route + major not in self._answered
            if first and route + major in self._in_flight:
                raise TemporaryError("waiting for the first answer about a rate limit", retry_after=_UNTIL_ANSWERED)
            key = self._buckets.get(route, route) + major
            until = max(self._blocked_until.get(key, 0.0), self._blocked_until.get(_ALL, 0.0))
            remaining, reset = self._windows.get(key, (1, 0.0))
            if now >= reset and key in self._sizes:
                # A new window: several threads must not all take it for empty.
                remaining, reset = self._sizes[key][0], now + self._sizes[key][1]
            if now < reset:
                if remaining <= 0:
                    until = max(until, reset)
                # Those in flight count, or several threads would overrun the last free place together.
                self._windows[key] = (remaining - 1, reset)
            if until > now:
                raise TemporaryError("waiting for the rate limit", retry_after=until - now)
            if first:
                self._in_flight.add(route + major)

    def leave(self, route: str, major: str) -> None:
        """After a request, answered or not."""
        with self._lock:
            self._in_flight.discard(route + major)

    def learn(self, route: str, major: str, headers: Mapping[str, str]) -> None:
        """After a request: note its bucket and what is left of it."""
        remaining, after = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-reset-after")
        with self._lock:
            self._answered.add(route + major)
            if bucket := headers.get("x-ratelimit-bucket"):
                self._buckets[route] = bucket
            try:
                left, reset = int(remaining or ""), self._now() + min(float(after or ""), 3600.0)
            except ValueError:
                return
            key = self._buckets.get(route, route) + major
            if (limit := headers.get("x-ratelimit-limit", "")).isdecimal():
                self._sizes[key] = (int(limit), min(float(after or ""), 3600.0))
            known, known_reset = self._windows.get(key, (left, 0.0))
            # Answers overtake each other: within a window the count only falls.
            same_window = self._now() < known_reset
            self._windows[key] = (min(left, known) if same_window else left, max(reset, known_reset))

    def block(self, route: str, major: str, wait: float, *, everything: bool = False) -> None:
        """After a 429: nothing of this bucket, or of this token, for `wait` seconds."""
        with self._lock:
            key = _ALL if everything else self._buckets.get(route, route) + major
            self._blocked_until[key] = max(self._blocked_until.get(key, 0.0), self._now() + wait)
