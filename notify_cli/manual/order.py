"""What somebody asks to be sent, before anything is looked up: values checked, nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notify_cli import keys
from notify_cli.delivery import LARGEST_ID
from notify_cli.errors import ArgumentError
from notify_cli.messages.given import kind_of as _kind
from notify_cli.messages.given import variables as variables

A_FEW = 5  # people or groups that a line names one by one


@dataclass(frozen=True, slots=True)
class Order:
    """A message type, what it is to say, and to whom.

    Recipients are `user_ids`, or the active members of `group_ids`, or everyone enrolled in `cohort_ids`; `user_ids`
    with one of `group_ids` are these people about that group. `meeting_id` is the meeting it is about. No `channels`
    means all that the message has. `at` is an aware time to store it for, None means now. `job_id` replaces the derived
    one. `force` sends even what was sent before. `replace` puts it in the place of what waits under the same job id. A
    `forgiving` order leaves out who has no account or left the group.
    """

    reminder_type: str
    variables: Mapping[str, str] = field(default_factory=dict)
    user_ids: tuple[int, ...] = ()
    group_ids: tuple[int, ...] = ()
    cohort_ids: tuple[int, ...] = ()
    meeting_id: int | None = None
    channels: tuple[str, ...] = ()
    at: datetime | None = None
    job_id: str | None = None
    force: bool = False
    replace: bool = False
    forgiving: bool = False

    @property
    def identity(self) -> dict[str, str]:
        """What tells this message from another of its type: what it is given to say, and the meeting that is named."""
        about = {} if self.meeting_id is None else {"--meeting": str(self.meeting_id)}
        return dict(self.variables) | about

    def __post_init__(self) -> None:
        if not isinstance(self.reminder_type, str):
            raise ArgumentError(f"message_type is {_kind(self.reminder_type)}: give the name of a message")
        if self.at is not None and self.at.tzinfo is None:
            raise ArgumentError(f"{self.at.isoformat()} has no time zone: give an aware datetime")
        if self.job_id is not None:
            keys.checked(self.job_id)


def ids(given: Iterable[Any], what: str) -> tuple[int, ...]:
    """Ids, each once. Raises ArgumentError for what no row can have."""
    if not isinstance(given, Iterable):
        raise ArgumentError(f"{given!r} is not a list of {what} ids")
    values = list(given)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_ID:
            raise ArgumentError(f"{value!r} is not the id of a {what}")
    return tuple(dict.fromkeys(values))


def some_of(named: Iterable[object]) -> str:
    """`user_12, user_13 and 40 more`: the first few, each once, for a line that people read."""
    distinct = [str(one) for one in dict.fromkeys(named)]
    more = len(distinct) - A_FEW
    return ", ".join(distinct[:A_FEW]) + (f" and {more} more" if more > 0 else "")
