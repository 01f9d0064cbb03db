"""What a message type is, and what a method of delivery is: every fact about them that is not SQL or text stands here.

A new message type is an entry of `TYPES`, a .sql file in due/rules and a section of messages.yaml; a new method an
entry of `Method` and a module in channels/: docs/architecture.md has both. It imports nothing of ours for an idle run.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Literal, Self


@dataclass(frozen=True, slots=True)
class Way:
    """How a method reaches its recipient.

    `channel` is what people call the provider (`--channel`), `module` the one that speaks to it. `form` is what the
    message is made of. `parts` are what a section must have to go out by it, `more_parts` what it may have besides.
    `address` is the column of notify.people that says where to (of notify.groups where it is a `post`, which has no
    single reader), `preference` the one by which people switch it off. `limit` is the longest text in characters.
    `pace` is the row of notify.throttle from which every host reserves its turn, where turns are limited.
    `title`, `label` and `short` name it for people; `lacks` is what somebody without an address lacks.
    """

    channel: str
    module: str
    form: Literal["email", "discord", "text"]
    parts: tuple[str, ...]
    address: str
    title: str
    label: str
    short: str
    lacks: str
    switched_off: str = ""
    more_parts: tuple[str, ...] = ()
    preference: str | None = None
    post: bool = False
    limit: int | None = None
    pace: str | None = None

    @property
    def every_part(self) -> tuple[str, ...]:
        """The parts that make its message, those included that it can do without."""
        return (*self.parts, *self.more_parts)


DISCORD_LIMIT = 2_000  # characters, see Discord's reference of Create Message


class Method(StrEnum):
    """How a delivery reaches its recipient: the values of the log's column `delivery_method`."""

    _value_: str
    way: Way

    def __new__(cls, value: str, way: Way | None = None) -> Self:
        """A member from its line below; without a way Python looks a member up by its value."""
        if way is None:
            raise TypeError(f"the method {value} has no way")
        method = str.__new__(cls, value)
        method._value_ = value
        method.way = way
        return method

    EMAIL = (
        "email",
        Way(
            channel="email",
            module="notify_cli.channels.carriers",
            form="email",
            parts=("email_subject", "email_body"),
            more_parts=("email_html", "calendar_title", "calendar_description"),
            address="email",
            preference="email_enabled",
            title="Email",
            label="email",
            short="email",
            lacks="email address",
            switched_off="emails",
        ),
    )
    DISCORD_DM = (
        "discord_dm",
        Way(
            channel="discord",
            module="notify_cli.channels.discord",
            form="discord",
            parts=("discord",),
            address="discord_id",
            preference="dm_enabled",
            title="Discord direct message",
            label="Discord DM",
            short="DM",
            lacks="Discord account",
            switched_off="DMs",
            limit=DISCORD_LIMIT,
            pace="discord_dm",
        ),
    )
    DISCORD_CHANNEL = (
        "discord_channel",
        Way(
            channel="discord",
            module="notify_cli.channels.discord",
            form="discord",
            parts=("discord_channel",),
            address="discord_channel_id",
            post=True,
            title="Discord channel post",
            label="channel post",
            short="channel",
            lacks="Discord channel",
            limit=DISCORD_LIMIT,
            # A redirected post is a direct message.
            pace="discord_dm",
        ),
    )


# What people call the providers, in the order of the methods.
CHANNELS = tuple(dict.fromkeys(method.way.channel for method in Method))
# Every part that a section may have.
PARTS = tuple(dict.fromkeys(part for method in Method for part in method.way.every_part))


def methods_of(parts: Collection[str]) -> tuple[Method, ...]:
    """The methods by which a section with these parts can go out."""
    return tuple(method for method in Method if set(method.way.parts) <= set(parts))


Subject = Literal["user", "group", "meeting", "trial"]
Occurrence = Literal["once", "start", "joining", "sequence"]
# What a message can speak of; messages/variables.py has the variables of each.
About = Literal["person", "group", "appointment", "lessons", "calendar", "always"]

EVERYTHING: frozenset[About] = frozenset({"person", "group", "appointment", "lessons", "always"})
_EMAIL = Method.EMAIL.way.parts
_INVITE = ("calendar_title", "calendar_description")

# The types whose messages concern what calendars hold.
ASSIGNED, UPDATE, CANCEL = "group_assigned", "calendar_update", "calendar_cancel"
TIMED = ("joining", "meeting", "signup", "trial")  # the rules whose types are timed by `send` lines alone
CALENDARS = "calendars"  # what finds the last two: no file of rules/, but due/calendars.py


@dataclass(frozen=True, slots=True)
class MessageType:
    """A message that goes out by itself; its rule, due/rules/{rule}.sql, says to whom and when.

    `rule` is the name itself unless it says another: several types share one, each at the time that the `send` lines of
    its section say. Its job id is `{subject}_{id}_{job}`; `occurrence` is what tells one time from another within a
    job: the meeting's start, the time of joining, or the SEQUENCE of the calendar. `parts` are those that its
    packaged section has; those in the messages file decide by which methods it goes out, with `more_parts`, for which
    the packaged section stands in. `about` is what its texts can speak of, `variables` what they can use besides. Types
    with one `section` share it, unless the file has one of the type's own name. `absent` says why the rule has nothing
    at all about somebody, with {name} and {groups}; empty for types about a meeting.
    """

    name: str
    subject: Subject
    job: str
    parts: tuple[str, ...]
    more_parts: tuple[str, ...] = ()
    occurrence: Occurrence = "once"
    about: frozenset[About] = EVERYTHING
    variables: frozenset[str] = frozenset()
    section: str = ""
    absent: str = ""
    by_lessons: bool = False  # whether the course file decides who gets it
    rule: str = ""
    # Whether its email carries a calendar invite; whether only the sweep can make it, from what calendars show, with no
    # rule in a file of its own (due/calendars.py); whether it is right without a meeting to come, and for a group that
    # has ended.
    invite: bool = False
    sweep_only: bool = False
    without_meeting: bool = False
    outlives_group: bool = False

    def __post_init__(self) -> None:
        if not self.rule:
            object.__setattr__(self, "rule", CALENDARS if self.sweep_only else self.name)

    @property
    def shared_section(self) -> str:
        """The section of messages.yaml that speaks for it where there is none of its own name."""
        return self.section or self.name

    @property
    def methods(self) -> tuple[Method, ...]:
        """By which methods it goes out."""
        return methods_of((*self.parts, *self.more_parts))


# In the order in which people meet them.
_TYPES = (
    MessageType(
        "welcome",
        subject="user",
        job="welcome",
        rule="signup",
        parts=(*_EMAIL, "discord"),
        about=frozenset({"person", "always"}),
        variables=frozenset({"course_name", "lesson_url"}),
        absent="{name} is not enrolled in any course",
    ),
    MessageType(
        "trial_nudge",
        subject="trial",
        job="nudge",
        rule="trial",
        parts=(*_EMAIL, "discord"),
        about=frozenset({"person", "lessons", "always"}),
        absent="{name} has started no lesson",
    ),
    MessageType(
        ASSIGNED,
        subject="group",
        job="assigned",
        occurrence="joining",
        parts=(*_EMAIL, "discord", *_INVITE),
        variables=frozenset({"invite_note"}),
        invite=True,
        absent="{groups}: it is not known when {name} joined, or the group has no meeting",
    ),
    MessageType(
        UPDATE,
        subject="group",
        job="calendar",
        occurrence="sequence",
        parts=(*_EMAIL, *_INVITE),
        more_parts=("discord",),
        about=frozenset({"person", "group", "appointment", "always"}),
        variables=frozenset({"changes"}),
        invite=True,
        sweep_only=True,
        without_meeting=True,
        absent="{name} has no calendar invite that could need an update",
    ),
    MessageType(
        CANCEL,
        subject="group",
        job="calendar",
        occurrence="sequence",
        parts=(*_EMAIL, *_INVITE),
        more_parts=("discord",),
        about=frozenset({"person", "group", "always"}),
        variables=frozenset({"reason"}),
        invite=True,
        sweep_only=True,
        outlives_group=True,
        absent="{name} holds no calendar invite of a group that is left or has ended",
    ),
    *(
        MessageType(
            name,
            subject="meeting",
            job=name,
            rule="meeting",
            occurrence="start",
            parts=(*_EMAIL, "discord"),
            section="lesson_nudge",
            by_lessons=True,
        )
        for name in ("lesson_nudge_3d", "lesson_nudge_1d")
    ),
    MessageType(
        "meeting_reminder_24h",
        subject="meeting",
        job="reminder_24h",
        rule="meeting",
        occurrence="start",
        parts=(*_EMAIL, "discord_channel"),
    ),
    MessageType(
        "meeting_reminder_1h",
        subject="meeting",
        job="reminder_1h",
        rule="meeting",
        occurrence="start",
        parts=(*_EMAIL, "discord_channel"),
    ),
)

TYPES: Mapping[str, MessageType] = {one.name: one for one in _TYPES}


def has_invite(name: str) -> bool:
    """Whether the email of a type carries a calendar invite; never one that only the messages file declares."""
    return name in TYPES and TYPES[name].invite


@cache
def types_of_section(name: str) -> tuple[MessageType, ...]:
    """The types for which a section of messages.yaml speaks; none for a message of the staff's own."""
    return tuple(one for one in _TYPES if name in (one.name, one.shared_section))
