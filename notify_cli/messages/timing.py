"""The `send` lines of a section: when its message goes out by itself, to whom, on what condition."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import yaml

from notify_cli.messages.spelling import suggestion
from notify_cli.registry import ASSIGNED, EVERYTHING, TYPES, About, MessageType, Occurrence, Subject

Anchor = Literal["meeting", "joining", "signup", "trial"]
Audience = Literal["members", "facilitators", "learners"]
Fault = Callable[[int, str], None]

KEYS = ("name", "when", "until", "to", "if", "courses", "absorbs")
_AUDIENCES: tuple[Audience, ...] = ("members", "facilitators", "learners")
_ANCHORS: dict[str, Anchor] = {
    "the meeting": "meeting",
    "joining": "joining",
    "signup": "signup",
    "starting a trial lesson": "trial",
}
_TIME = re.compile(rf"(?:(\d{{1,4}}) (minute|hour|day)s?|at once) (before|after) ({'|'.join(_ANCHORS)})")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(hours=24)}
_SHARE = re.compile(r"fewer than (\d{1,3}) ?% of the lessons done")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_LONGEST = timedelta(days=366)
_EXAMPLES = "2 hours after the meeting, 3 days before the meeting, at once after joining, 1 day after signup"
# What `until` is where nobody says it: after the time that is said by `when`.
USEFUL = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Moment:
    """A time by what it is counted from; `offset` is negative before it. `at_end`: from the end of the meeting."""

    anchor: Anchor
    offset: timedelta
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Send:
    """One entry: the type `name` goes out at `when`, and is useful until `until`.

    `share` is the percentage of the meeting's lessons below which somebody gets it, None where lessons do not matter.
    `courses` are names in lower case, empty for all. `absorbs` is the type whose content this one has too.
    """

    name: str
    line: int
    when: Moment
    until: Moment
    audience: Audience = "members"
    share: int | None = None
    courses: tuple[str, ...] = ()
    absorbs: str = ""


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a type that counts from an anchor is about, beside what the registry knows of its own."""

    subject: Subject
    occurrence: Occurrence
    about: frozenset[About]
    variables: frozenset[str] = frozenset()


_KINDS: dict[Anchor, _Kind] = {
    "meeting": _Kind("meeting", "start", EVERYTHING),
    "joining": _Kind("group", "joining", EVERYTHING),
    "signup": _Kind("user", "once", frozenset({"person", "always"}), frozenset({"course_name", "lesson_url"})),
    "trial": _Kind("trial", "once", frozenset({"person", "lessons", "always"})),
}


def message_type(send: Send, parts: Collection[str]) -> MessageType:
    """The type that an entry declares, or the one of the registry that it times. `parts` are those of its section."""
    kind = _KINDS[send.when.anchor]
    return TYPES.get(send.name) or MessageType(
        send.name,
        subject=kind.subject,
        job=send.name,
        parts=tuple(parts),
        occurrence=kind.occurrence,
        about=kind.about,
        variables=kind.variables,
        rule=send.when.anchor,
        by_lessons=send.share is not None,
    )


def misfit(send: Send) -> str:
    """Why a type of the registry cannot go out at this time; empty where it can, and for any other type."""
    ours = TYPES.get(send.name)
    if ours is None or ours.rule == send.when.anchor:
        return ""
    if ours.name == ASSIGNED:
        fits = send.when == Moment("joining", timedelta(0)) and send.audience == "members" and not send.courses
        return "" if fits else f"send: {ASSIGNED} goes out to members at once after joining: only until can be changed"
    if ours.rule in _KINDS:
        anchor = next(words for words, anchor in _ANCHORS.items() if anchor == ours.rule)
        return f"send: {send.name} counts from {anchor}: give a message that counts from another thing its own name"
    return f"send: {send.name} goes out by itself when it has to: take the line out"


def read(node: yaml.Node, section: str, fault: Fault) -> tuple[Send, ...]:
    """The entries of a `send` part: a mapping, or a list of mappings with a name each. `fault` hears what is wrong."""
    nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not nodes:
        fault(_line(node), f"{section}: send is empty: say when, such as {{when: 1 day after signup}}")
    found = [_Entry(section, fault).read(each, named=len(nodes) > 1) for each in nodes]
    sends = tuple(send for send in found if send)
    for number, send in enumerate(sends):
        if send.name in [other.name for other in sends[:number]]:
            fault(send.line, f"{section}: send: {send.name} stands here twice: each entry has a name of its own")
    return sends


def overlaps(sends: tuple[Send, ...]) -> Iterator[tuple[int, str]]:
    """(line, words) for two entries of one section that somebody could get at one time."""
    for number, send in enumerate(sends):
        for other in sends[:number]:
            same = (send.when.anchor, send.when.at_end) == (other.when.anchor, other.when.at_end)
            apart = {send.audience, other.audience} == {"facilitators", "learners"}
            apart |= bool(send.courses and other.courses and not {*send.courses} & {*other.courses})
            if same and not apart and send.name != other.name and _meet(send, other):
                yield send.line, f"send: {send.name} can go out while {other.name} still does: end one before the other"


def _meet(send: Send, other: Send) -> bool:
    if send.until.at_end != send.when.at_end or other.until.at_end != other.when.at_end:
        return True
    return send.when.offset < other.until.offset and other.when.offset < send.until.offset


@dataclass(slots=True)
class _Entry:
    """Reads one entry. `faulty` is whether anything in it is wrong."""

    section: str
    fault: Fault
    faulty: bool = False
    values: dict[str, yaml.Node] = field(default_factory=dict)

    def read(self, node: yaml.Node, *, named: bool) -> Send | None:
        if not isinstance(node, yaml.MappingNode):
            self._wrong(node, "must hold when, until and to, such as {when: 1 day after signup}")
            return None
        for key, value in node.value:
            self._key(key, value)
        name = self._name(node, named=named)
        when = self._moment("when")
        until = self._moment("until") if "until" in self.values else _a_day_after(when)
        if "when" not in self.values and not self.faulty:
            self._wrong(node, f"when is missing: {_EXAMPLES}")
        send = None
        if when and until:
            self._in_order(when, until)
            share = self._share(when)
            audience = self._audience(when)
            send = Send(name, _line(node), when, until, audience, share, self._courses(), self._text("absorbs"))
        return None if self.faulty else send

    def _key(self, key: yaml.Node, value: yaml.Node) -> None:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name not in KEYS:
            self._wrong(key, f"unknown word {name}{suggestion(name, KEYS)}: an entry has {', '.join(KEYS)}")
        elif name in self.values:
            self._wrong(key, f"{name} stands here twice")
        self.values[name] = value

    def _name(self, node: yaml.Node, *, named: bool) -> str:
        name = self._text("name") or ("" if named else self.section)
        if not name:
            self._wrong(node, "each of several entries has a name of its own, such as {name: followup_late, when: ...}")
        elif not _NAME.fullmatch(name):
            self._wrong(self.values.get("name", node), f"{name!r} cannot be a name: use a-z, 0-9 and _")
        return name

    def _moment(self, key: str) -> Moment | None:
        if key not in self.values:
            return None
        node, text = self.values[key], " ".join(self._text(key).lower().split())
        match = _TIME.fullmatch(text)
        if match is None:
            self._wrong(node, f"{key} {text!r} is no time{_guess(text)}: write one like {_EXAMPLES}")
            return None
        count, unit, side, anchor = match.groups()
        if side == "before" and (anchor != "the meeting" or unit is None):
            told = "nobody knows of it before" if anchor != "the meeting" else "write 0 minutes before the meeting"
            self._wrong(node, f"{key} {text!r} is no time: {told}")
            return None
        offset = int(count or 0) * _UNITS[unit or "minute"]
        if offset > _LONGEST:
            self._wrong(node, f"{key} {text!r} is too far away: at most {_LONGEST.days} days")
            return None
        at_end = anchor == "the meeting" and side == "after"
        return Moment(_ANCHORS[anchor], -offset if side == "before" else offset, at_end)

    def _in_order(self, when: Moment, until: Moment) -> None:
        node = self.values.get("until", self.values["when"])
        if when.anchor != until.anchor:
            self._wrong(node, "when and until are counted from two things: count both from one")
        elif (until.at_end, until.offset) <= (when.at_end, when.offset):
            self._wrong(node, "until is not after when: it would never go out")

    def _audience(self, when: Moment) -> Audience:
        text = self._text("to") or "members"
        found = next((one for one in _AUDIENCES if one == text), None)
        if found is None:
            self._wrong(self.values["to"], f"unknown to {text}{suggestion(text, _AUDIENCES)}: {', '.join(_AUDIENCES)}")
        elif found != "members" and when.anchor in ("signup", "trial"):
            self._wrong(self.values["to"], f"to {found}: only a group has them, and this is not about a group")
        return found or "members"

    def _share(self, when: Moment) -> int | None:
        if "if" not in self.values:
            return None
        text = " ".join(self._text("if").lower().split())
        match = _SHARE.fullmatch(text)
        share = 100 if text == "lessons left" else int(match[1]) if match else 0
        if not 0 < share <= 100:
            self._wrong(
                self.values["if"], f"if {text!r} is not known: lessons left, or fewer than 50% of the lessons done"
            )
        elif when.anchor != "meeting":
            self._wrong(self.values["if"], f"if {text!r}: lessons are due at meetings, and this is not about a meeting")
        return share or None

    def _courses(self) -> tuple[str, ...]:
        node = self.values.get("courses")
        if node is None:
            return ()
        items = node.value if isinstance(node, yaml.SequenceNode) else []
        names = tuple(item.value.strip().lower() for item in items if isinstance(item, yaml.ScalarNode))
        if not names or len(names) != len(items):
            self._wrong(node, "courses must be a list of names, such as [ai-safety]")
        return names

    def _text(self, key: str) -> str:
        node = self.values.get(key)
        if node is None:
            return ""
        if not isinstance(node, yaml.ScalarNode) or node.tag == "tag:yaml.org,2002:null":
            self._wrong(node, f"{key} must be text")
            return ""
        return str(node.value).strip()

    def _wrong(self, node: yaml.Node, text: str) -> None:
        self.faulty = True
        self.fault(_line(node), f"{self.section}: send: {text}")


def _a_day_after(when: Moment | None) -> Moment | None:
    return None if when is None else Moment(when.anchor, when.offset + USEFUL, when.at_end)


def _guess(text: str) -> str:
    """The nearest of the words of a time for the first that is none."""
    words = "at once before after the meeting joining signup starting a trial lesson minute minutes hour hours day days"
    known = words.split()
    wrong = [word for word in text.split() if word not in known and not word.isdigit()]
    return suggestion(wrong[0], known) if wrong else ""


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
