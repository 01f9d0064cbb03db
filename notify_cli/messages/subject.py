"""What a message sent to somebody is about: a group, a meeting, a session of a trial lesson, or the reader alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from notify_cli.messages import render
from notify_cli.messages.catalog import Section
from notify_cli.messages.variables import names_about
from notify_cli.registry import MessageType, Method

# What is said of readers for whom there is nothing that the message could be about.
NO_GROUP = "in no active group, which this message is about"
NO_MEETING = "no meeting to come that this message could be about"
NO_SESSION = "no unfinished lesson that this message could be about"


@dataclass(frozen=True, slots=True)
class SubjectNeeds:
    """What the message cannot be sent without. `any_group`: it can, but the reader's own group gives it more to say."""

    group: bool = False
    meeting: bool = False
    session: bool = False
    any_group: bool = False

    @property
    def own_group(self) -> bool:
        """Whether to look for the reader's own group where none is named."""
        return self.group or self.meeting or self.any_group


def needs(
    section: Section, kind: MessageType | None, methods: Iterable[Method], given: Collection[str]
) -> SubjectNeeds:
    """What a message of this kind needs, going out by these methods with these variables `given` by the sender.

    A type with a rule is about what its rule is about; a message of the staff's own about what its texts speak of.
    """
    if kind is not None:
        subject = kind.subject
        return SubjectNeeds(group=subject == "group", meeting=subject == "meeting", session=subject == "trial")
    used = render.required_variables(section, [part for method in methods for part in method.way.every_part])
    return SubjectNeeds(any_group=bool((used - set(given)) & names_about("group", "appointment", "lessons")))
