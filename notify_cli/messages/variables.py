"""The variables of a message: their values for one reader, escaped for where they land."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from notify_cli.config import Settings
from notify_cli.errors import RecipientError
from notify_cli.messages import escape, languages, links, markdown, occasions
from notify_cli.messages.catalog import Text
from notify_cli.messages.languages import ENGLISH
from notify_cli.messages.medium import HEADER_LIMIT, Medium
from notify_cli.messages.template import Value
from notify_cli.model import LONGEST_NAME, Facts
from notify_cli.registry import About, MessageType, types_of_section

__all__ = ["KNOWN", "VARIABLES", "Medium", "Values", "names_about", "provided_to"]

# Variables whose words come from people or their files, even when a caller hands them over.
_THEIRS = frozenset({"name", "email", "group_name", "member_names", "course_name"})

NOBODY = "there"


class Values(dict[str, Value]):
    """The variables of one message, each computed when it is first asked for.

    Behind a name may stand the form: `#block` is a paragraph or list of its own, `#text` plain text in any medium,
    `#label` the words of a link. Asking for a name that these facts do not give raises RecipientError that names it.
    """

    def __init__(
        self,
        facts: Facts,
        settings: Settings,
        phrases: Mapping[str, Text],
        medium: Medium,
        section: str = "",
        language: str = ENGLISH,
    ) -> None:
        super().__init__()
        self.facts = facts
        self.settings = settings
        self.medium = medium
        self.language = language
        self._phrases = phrases
        self._section = section

    def __missing__(self, asked: str) -> Value:
        name, _, form = asked.partition("#")
        value = self._in_form(name, form) if form else self._value(name)
        self[asked] = value
        return value

    def _value(self, name: str) -> Value:
        given = self.facts.given.get(name)
        value = VARIABLES[name].compute(self) if given is None and name in VARIABLES else None
        if given is not None:
            value = self._given(name, str(given))
        if value is None:
            raise RecipientError(_missing(name))
        if self.medium is Medium.HEADER and isinstance(value, str):
            value = escape.capped(escape.one_line(value), HEADER_LIMIT)
        return value

    def _in_form(self, name: str, form: str) -> Value:
        if form == "text":
            return self._in(Medium.EMAIL_TEXT)[name]
        if form == "label" and self.medium is Medium.DISCORD:
            return self._in(Medium.DISCORD_LABEL)[name]
        if form == "block" and name in self.facts.given and name not in _THEIRS:
            return markdown.block(escape.staff_text(str(self.facts.given[name])))
        value = self[name]
        is_list = isinstance(value, str) and value.startswith("<ul")
        return value if form != "block" or is_list else f"{markdown.PARAGRAPH}{value}</p>\n"

    def _in(self, medium: Medium) -> Values:
        return Values(self.facts, self.settings, self._phrases, medium, self._section, self.language)

    def theirs(self, text: str, limit: int = LONGEST_NAME) -> str:
        """Words that are not ours, escaped for the medium; empty if there is nothing to see in them."""
        return self.medium.theirs(text, limit)

    def ours(self, text: str) -> str:
        """Words or a URL of our own: only HTML needs them escaped."""
        return self.medium.ours(text)

    def phrase(self, name: str) -> str | None:
        """An editable stand-in of the messages file, None if the file lacks it."""
        text = self._phrases.get(name)
        if text is None:
            return None
        if text.template.faults or text.template.slots:
            raise RecipientError(f"phrases: {name} must be plain text, without placeholders")
        return self.ours(text.template.fill({}).strip())

    @property
    def manner(self) -> occasions.Manner:
        """How times and their words are written for this reader."""
        zone = self.facts.person.timezone if self.facts.person else None
        return occasions.Manner(zone, self.language, self.medium is Medium.DISCORD, self.phrase)

    @property
    def may_lack_meeting(self) -> bool:
        """Whether this message is right without a next meeting."""
        return any(message_type.without_meeting for message_type in types_of_section(self._section))

    def _given(self, name: str, text: str) -> str:
        if name in _THEIRS:
            return self.theirs(text)
        text = escape.staff_text(text)
        if self.medium is Medium.EMAIL_PAGE:
            return markdown.inline(text)
        return self.ours(text).replace("\n", "<br>\n") if self.medium is Medium.EMAIL_HTML else text


def names_about(*subjects: About) -> frozenset[str]:
    """The variables that speak of one of these."""
    return frozenset(name for name, variable in VARIABLES.items() if variable.about in subjects)


def provided_to(message_type: MessageType) -> frozenset[str]:
    """The variables that the texts of a type can use."""
    return names_about(*message_type.about) | message_type.variables


def _missing(name: str) -> str:
    if name not in VARIABLES:
        return f"{{{name}}} is not given: give it with --set {name}=..."
    needs = _NEEDS.get(name) or _NEEDED_FOR[VARIABLES[name].about]
    return f"{{{name}}} is missing: this message needs {needs}, or --set {name}=..."


def _name(values: Values) -> str | None:
    person = values.facts.person
    if person is None:
        return None
    # The shipped views call somebody without a name so.
    name = "" if person.name == NOBODY else values.theirs(person.name)
    return name or values.phrase("name_unknown") or NOBODY


def _email(values: Values) -> str | None:
    person = values.facts.person
    return (values.theirs(person.email or "") or None) if person else None


def _group_name(values: Values) -> str | None:
    group = values.facts.group
    return (values.theirs(group.name) or values.phrase("group_name_unknown")) if group else None


def _member_names(values: Values) -> str | None:
    if values.facts.group is None:
        return None
    names = [name for other in values.facts.others if (name := values.theirs(other))]
    if not values.medium.in_html:
        names = [escape.isolated(name) for name in names]
    return ", ".join(names) or values.phrase("member_names_alone")


def _course_name(values: Values) -> str | None:
    facts = values.facts
    course = (facts.group.course if facts.group else None) or facts.course_slug
    return (values.theirs(course) or None) if course else None


def _meeting_time(values: Values) -> str | None:
    return _when(values, languages.moment)


def _meeting_date(values: Values) -> str | None:
    return _when(values, languages.date)


def _when(values: Values, tell: Callable[..., str]) -> str | None:
    facts = values.facts
    if facts.meeting is None:
        return values.phrase("meeting_time_none") if values.may_lack_meeting else None
    if values.medium is Medium.DISCORD:
        return f"<t:{int(facts.meeting.starts_at.timestamp())}:F>"
    return values.ours(tell(facts.meeting.starts_at, facts.person.timezone if facts.person else None, values.language))


def _starts_in(values: Values) -> str | None:
    meeting = values.facts.meeting
    if meeting is None:
        return None
    return values.ours(languages.distance(meeting.starts_at - values.facts.now, values.language))


def _told(tell: Callable[[Facts, occasions.Manner], occasions.Told]) -> Callable[[Values], str | None]:
    """A variable of occasions.py."""

    def compute(values: Values) -> str | None:
        told = tell(values.facts, values.manner)
        if isinstance(told, occasions.Phrase):
            return values.phrase(told.name)
        if isinstance(told, list):
            return values.medium.as_list([values.ours(line) for line in told])
        return told and values.ours(told)

    return compute


def _link(lead: Callable[[Facts, Settings], str | None]) -> Callable[[Values], str | None]:
    """A variable that is a link."""

    def compute(values: Values) -> str | None:
        url = lead(values.facts, values.settings)
        return None if url is None else values.ours(url)

    return compute


def _lesson_list(values: Values) -> str | None:
    facts = values.facts
    if facts.unfinished:
        named = [(lesson.title, lesson.lesson_id) for lesson in facts.unfinished]
        return values.medium.as_list(
            [values.theirs(title, HEADER_LIMIT) or values.theirs(lesson) for title, lesson in named]
        )
    return values.phrase("lesson_list_unknown" if facts.lessons is None else "lesson_list_done")


def _lessons_remaining(values: Values) -> int | None:
    facts = values.facts
    return None if facts.lessons is None and not facts.unfinished else len(facts.unfinished)


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable: what it speaks of, how it is computed, and its greatest length on Discord in characters.

    The check of the file reckons with that length: names are what platforms allow (Discord: 32, ours: 100), doubled
    because each character may need a backslash; a list is twelve lessons with titles of 60 characters, members are
    eight names of 32. A longer value is an error when it is sent.
    """

    about: About
    compute: Callable[[Values], Value | None]
    longest: int


VARIABLES: dict[str, Variable] = {
    "name": Variable("person", _name, 64),
    "email": Variable("person", _email, 100),
    "profile_url": Variable("person", _link(links.profile), 100),
    "unsubscribe_url": Variable("person", _link(links.unsubscribing), 250),
    "group_name": Variable("group", _group_name, 200),
    "member_names": Variable("group", _member_names, 8 * 66),
    "discord_channel_url": Variable("group", _link(links.discord_channel), 75),
    "course_name": Variable("group", _course_name, 200),
    "meeting_time": Variable("appointment", _meeting_time, 18),
    "meeting_date": Variable("appointment", _meeting_date, 18),
    "day": Variable("appointment", _told(occasions.day), 18),
    "starts_in": Variable("appointment", _starts_in, 26),
    "your_meeting": Variable("appointment", _told(occasions.your_meeting), 30),
    "join_url": Variable("appointment", _link(links.join), 250),
    "lesson_list": Variable("lessons", _lesson_list, 12 * 63),
    "lessons_remaining": Variable("lessons", _lessons_remaining, 3),
    "lesson_url": Variable("lessons", _link(links.lesson), 150),
    "discord_invite_url": Variable("always", _link(links.discord_invite), 75),
    "changes": Variable("calendar", _told(occasions.changes), 12 * 70),
    "reason": Variable("calendar", _told(occasions.reason), 200),
    "invite_note": Variable("calendar", _told(occasions.invite_note), 100),
}
KNOWN = frozenset(VARIABLES)
TIMES = frozenset({"meeting_time", "meeting_date", "day", "changes"})  # told in the reader's zone

# What a message lacks where a variable has no value: by the variable, else by what it speaks of.
_NEEDS = {"lessons_remaining": "the lessons of a course file"}
_NEEDED_FOR: dict[About, str] = {
    "person": "a reader",
    "group": "a group",
    "appointment": "a meeting",
    "calendar": "something to say of a calendar",
    "lessons": "FRONTEND_URL",
    "always": "FRONTEND_URL",
}
