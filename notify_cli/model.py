"""What flows through a sweep: plain immutable values, no behaviour beyond their own identity."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from notify_cli import addresses

LONGEST_NAME = 100  # characters that anybody reads of a name

ChangeKind = Literal["moved", "added", "removed", "length", "link"]


def short(name: str) -> str:
    """A name as far as anybody reads it: one person's must not fill the messages and calendars of others."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Person:
    """A row of notify.people that may be written to. `timezone` is an IANA name, None or wrong; `name` is cut short."""

    user_id: int
    name: str
    email: str | None = None
    discord_id: str | None = None
    timezone: str | None = None
    dm_channel_id: str | None = None
    locale: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", short(self.name))


@dataclass(frozen=True, slots=True)
class Group:
    """A row of notify.groups. `server_id` falls back to DISCORD_SERVER_ID, `name` is cut short."""

    group_id: int
    name: str
    course: str | None = None
    discord_channel_id: str | None = None
    server_id: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", short(self.name or ""))


@dataclass(frozen=True, slots=True)
class Meeting:
    """A row of notify.meetings, its duration filled in from NOTIFY_MEETING_MINUTES.

    `join_url` is an address of the web: what the row has instead of one is left out.
    """

    meeting_id: int
    group_id: int
    starts_at: datetime
    duration: timedelta
    number: int | None = None
    join_url: str | None = None

    def __post_init__(self) -> None:
        if self.join_url is not None and not addresses.is_web(self.join_url):
            object.__setattr__(self, "join_url", None)

    @property
    def ends_at(self) -> datetime:
        """When it is over: until then it is the next one, also while it is going on."""
        return self.starts_at + self.duration

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether it ends after `since` and starts by `until`."""
        return self.starts_at <= until and self.ends_at > since


@dataclass(frozen=True, slots=True)
class Change:
    """One meeting that is not as it was; `before` is None for one that was added, `after` for one that was removed."""

    kind: ChangeKind
    before: Meeting | None
    after: Meeting | None

    @property
    def number(self) -> int | None:
        """The number under which people know the meeting: the former one, if there is one."""
        numbers = [one.number for one in (self.before, self.after) if one and one.number is not None]
        return numbers[0] if numbers else None

    @property
    def at(self) -> datetime:
        """When it was to be, or is if it was not there before."""
        meeting = self.before or self.after
        if meeting is None:
            raise AssertionError("a change is of some meeting")
        return meeting.starts_at

    def touches(self, since: datetime, until: datetime) -> bool:
        """Whether the meeting touches these times, as it was or as it is."""
        return any(one.touches(since, until) for one in (self.before, self.after) if one)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson of a course file."""

    lesson_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a message may say, as the tables are at this moment.

    `person` is the reader (None in a channel post), `others` the names of the group's other active members. `is_next`
    is whether no other meeting of the group comes before `meeting`, `by_email` whether email reaches the reader.
    `lessons` are those due for `meeting` (or the trial lesson), in course order; None when no course file tells.
    `unfinished` are those of them the reader has not completed (all of them for a channel post). `given` are variables
    by name, over those that are known anyway. `changes` are what somebody whose calendar is brought up to date does not
    know yet, `cause` is why it is, or is emptied (see calendar/actions.py). `late`: it goes out after its time, and
    says so.
    """

    now: datetime
    person: Person | None = None
    group: Group | None = None
    meeting: Meeting | None = None
    others: tuple[str, ...] = ()
    lessons: tuple[Lesson, ...] | None = None
    unfinished: tuple[Lesson, ...] = ()
    course_slug: str | None = None
    given: dict[str, str] = field(default_factory=dict)
    is_next: bool = True
    by_email: bool = True
    changes: tuple[Change, ...] = ()
    cause: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Invite:
    """An iTIP object: `method` is its METHOD (REQUEST or CANCEL), `ics` the iCalendar stream with CRLF line ends."""

    method: str
    ics: str


@dataclass(frozen=True, slots=True)
class Email:
    """A rendered email. `key` is the notification key: the Message-ID comes from it, so that retries merge.

    `thread` is what mails that belong together share: `group_7`; empty for one that stands alone.
    """

    key: str
    to: str
    to_name: str
    subject: str
    text: str
    html: str
    reminder_id: int | None = None
    invite: Invite | None = None
    user_id: int | None = None
    thread: str = ""


@dataclass(frozen=True, slots=True)
class DiscordMessage:
    """A rendered Discord message, to a person (`discord_id`) or into a channel (`channel_id`).

    For a DM `channel_id` is the already opened DM channel, if it is known.
    """

    key: str
    content: str
    discord_id: str | None = None
    channel_id: str | None = None
    reminder_id: int | None = None


@dataclass(frozen=True, slots=True)
class TextMessage:
    """A rendered plain text for any other channel; `to` is the address that the method's registry line names."""

    key: str
    content: str
    to: str
    reminder_id: int | None = None


Message = Email | DiscordMessage | TextMessage


@dataclass(frozen=True, slots=True)
class Receipt:
    """The provider took it. `dm_channel_id` is the DM channel that it went into.

    `carrier` says by which way an email went, where that is not the usual one.
    """

    provider_message_id: str | None = None
    dm_channel_id: str | None = None
    carrier: str | None = None


def fingerprint(key: str) -> str:
    """24 hex digits that stay the same for a notification key: nonce and Message-ID of every attempt."""
    import hashlib  # here: an idle run has no use for it

    return hashlib.sha256(key.encode()).hexdigest()[:24]
