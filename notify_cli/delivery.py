"""What is due: a delivery, and what is cancelled as one. Apart from model.py, for idle runs need no more than this."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from notify_cli import keys
from notify_cli.registry import Method

LARGEST_ID = 2**63 - 1  # of a bigint

# What the log says of a delivery: the values of its column delivery_status.
Status = Literal["pending", "delivered", "failed", "expired", "cancelled", "bounced"]
# What is said of a delivery that a rule considered, or of one that somebody sends by hand (due/verdict.sql).
Verdict = Literal[
    "will_send", "retrying", "sent", "bounced", "failed", "not_due_yet", "cancelled", "absorbed", "before_start",
    "expired", "disabled", "opted_out", "no_address", "suppressed", "not_attending", "joined_too_late", "lessons_done",
    "not_a_member", "group_inactive", "account_deleted", "not_applicable",
]  # fmt: skip
# What a run says of a delivery that it tried; one to be retried is pending in the log.
Tried = Literal["delivered", "failed", "retrying"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message, one channel, one recipient: a row that a rule found, and one row of reminders_log.

    `user_id` is the reader of an email or DM; it is None for a post in the channel of `group_id`. `group_id` and
    `meeting_id` say what the message is about. `context` is what the log has, or is to have, of it: see `log.Claim`.
    `rehearsal`: it goes into an outbox or to a redirect, and uses nothing up. `moved_from` is when it would be due but
    for the reader's quiet hours. All times are aware, in UTC.
    """

    job_id: str
    occurrence: str
    reminder_type: str
    method: Method
    user_id: int | None
    group_id: int | None
    meeting_id: int | None
    due_at: datetime
    useful_until: datetime
    context: dict[str, Any] | None = field(default=None, hash=False)
    address: str | None = None
    mended: bool = False
    rehearsal: bool = False
    moved_from: datetime | None = None

    @property
    def recipient(self) -> str:
        """`user_12` or `group_7`."""
        return keys.recipient(self.user_id, self.group_id)

    @property
    def notification_key(self) -> str:
        """The identity under which it is delivered once: `{job_id}/{occurrence}/{method}/{recipient}`."""
        return keys.notification_key(
            self.job_id, self.occurrence, self.method.value, self.recipient, rehearsal=self.rehearsal
        )

    @property
    def job(self) -> Job:
        """What it is cancelled as, together with others."""
        return Job(self.job_id, self.occurrence, self.reminder_type, self.rehearsal)


@dataclass(frozen=True, slots=True, order=True)
class Job:
    """What is cancelled as one: all deliveries of a job id at one occurrence, whoever they are for.

    `rehearsal`: those of rehearsals, or those that reach people; one never stands for the other.
    """

    job_id: str
    occurrence: str
    reminder_type: str
    rehearsal: bool = False

    @property
    def cancellation_key(self) -> str:
        """The notification key of the row that cancels it."""
        return keys.cancellation_key(self.job_id, self.occurrence, rehearsal=self.rehearsal)
