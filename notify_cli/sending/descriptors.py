"""How many senders the process has file descriptors for."""

from __future__ import annotations

import os
import resource
from collections.abc import Sequence

# For a sender: its connection, or while that is being opened what the look-up of the provider's name opens.
_PER_SENDER = 2
# For a channel: its connection to the database, and another while that one is replaced.
_PER_CHANNEL = 2
_SPARE = 4  # files and connections that are open for a moment


def share(wanted: Sequence[int], *, limit: int | None = None, used: int | None = None) -> list[int]:
    """How many senders each channel may have: as many as it wants, the most numerous fewer if descriptors are short.

    Each gets one at least. Without this a run with few descriptors could send, but not open what it needs to record
    that. `limit` and `used` are those of this process unless given.
    """
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0] if limit is None else limit
    shared = list(wanted)
    if limit == resource.RLIM_INFINITY:
        return shared
    free = limit - (_open_now() if used is None else used) - _PER_CHANNEL * len(shared) - _SPARE
    while sum(shared) * _PER_SENDER > free and any(count > 1 for count in shared):
        shared[_last_of_the_largest(shared)] -= 1
    return shared


def _last_of_the_largest(numbers: Sequence[int]) -> int:
    return max(range(len(numbers)), key=lambda index: (numbers[index], index))


def _open_now() -> int:
    try:
        return len(os.listdir("/dev/fd"))
    except OSError:
        return 3  # standard input, output and error
