"""Judges the texts of a messages file before anything is sent: each fault with its line and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from notify_cli.messages import languages, slips, timing
from notify_cli.messages.catalog import Catalog, Finding, Section, Severity, Text
from notify_cli.messages.phrases import PHRASES
from notify_cli.messages.slips import Note
from notify_cli.messages.spelling import suggestion
from notify_cli.messages.template import Slot
from notify_cli.messages.timing import Send
from notify_cli.messages.variables import KNOWN, VARIABLES, names_about, provided_to
from notify_cli.registry import TYPES, Method, types_of_section

_COUNTS = frozenset({"lessons_remaining"})
# The texts that one reader gets together; the most characters that a text may have; those that no single reader gets.
_TOGETHER = tuple(method.way.every_part for method in Method)
_LIMITS = {part: method.way.limit for method in Method for part in method.way.parts if method.way.limit}
_POSTS = frozenset(part for method in Method if method.way.post for part in method.way.parts)
_PASSING = re.compile(
    r"\b(?:today|tonight|tomorrow|yesterday|next week|in (?:an?|one|two|three|\d+) (?:minute|hour|day)s?)\b",
    re.IGNORECASE,
)


def check(catalog: Catalog) -> list[Finding]:
    """Everything that is wrong or doubtful in a messages file, by line: its form and its texts at once.

    The sections that it lacks are told last.
    """
    found = [*catalog.faults]
    for section in catalog.sections.values():
        found += _section(catalog, section)
        found += [_finding(catalog, section, note) for note in slips.find(section, _provided(section))]
    found += _timings(catalog)
    there = catalog.sections.keys()
    lacking = {one.shared_section for one in TYPES.values() if not there & {one.name, one.shared_section}}
    found += _phrases(catalog, PHRASES)
    for name, phrase in catalog.phrases.items():
        if name not in PHRASES:
            text = f"phrases: unknown phrase {name}: there are {', '.join(PHRASES)}"
            found.append(Finding(phrase.line, text, file=catalog.path.name))
    ours = sorted(set(found)) + [_absent(catalog, name) for name in sorted(lacking)]
    return ours + [finding for made in catalog.translations.values() for finding in check_translation(catalog, made)]


def _timings(catalog: Catalog) -> Iterator[Finding]:
    """What is wrong with `send` entries beside each other: names that two sections have, types that nobody absorbs."""
    home = catalog.packaged or catalog
    sends = {send.name: send for section in home.sections.values() for send in section.sends}
    sends |= {send.name: send for section in catalog.sections.values() for send in section.sends}
    taken: dict[str, str] = {}
    for section in catalog.sections.values():
        ours = home.sections.get(section.name, section).sends
        for send in (replace(one, absorbs=one.absorbs or section.absorbs) for one in section.sends or ours):
            other = taken.setdefault(send.name, section.name)
            if other != section.name and section.name != send.name:
                told = f"send: {send.name} stands in {other} too: each entry has a name of its own"
                yield _finding(catalog, section, (send.line, told, "error"))
            elif send.name != section.name and send.name in catalog.sections and send.name not in TYPES:
                told = f"send: {send.name} is a message of its own: give the entry another name"
                yield _finding(catalog, section, (send.line, told, "error"))
            if send.absorbs and (told := _not_absorbed(send, sends)):
                yield _finding(catalog, section, (send.line, told, "error"))


def _not_absorbed(send: Send, sends: Mapping[str, Send]) -> str:
    """Why an entry cannot have the content of the type that it names; empty where it can."""
    other = sends.get(send.absorbs)
    if other is None:
        return f"send: absorbs {send.absorbs}, which does not go out by itself{suggestion(send.absorbs, sends.keys())}"
    if other.name == send.name:
        return "send: absorbs itself"
    if {send.when.anchor, other.when.anchor} != {"meeting"}:
        return f"send: absorbs {send.absorbs}: both must be about a meeting"
    return f"send: absorbs {send.absorbs}, which absorbs something itself" if other.absorbs else ""


def check_translation(main: Catalog, made: Catalog) -> list[Finding]:
    """What is wrong or doubtful in a translation, and what of the main file it does not say."""
    found = [*made.faults]
    found += [
        _finding(made, section, (section.line, f"send: when it goes out stands in {main.path.name}", "error"))
        for section in made.sections.values()
        if section.sends
    ]
    if not languages.is_known(made.language):
        found.append(Finding(1, f"{made.language} is no language that dates are known for", file=made.path.name))
    for section in made.sections.values():
        found += _section(made, section)
        found += [_finding(made, section, note) for note in slips.find(section, _provided(section))]
        if meant := main.sections.get(section.name):
            found += _unsaid(made, section, meant)
    found += [
        Finding(1, f"section {name} is missing: its readers get {main.path.name}'s", "warning", made.path.name, name)
        for name in main.sections.keys() - made.sections.keys()
    ]
    return sorted(set(found))


def _unsaid(made: Catalog, section: Section, meant: Section) -> Iterator[Finding]:
    """The placeholders and parts that the main file's section has and its translation has not."""
    for part, text in meant.parts.items():
        if part not in section.parts:
            if part not in section.unread:
                yield _finding(made, section, (section.line, f"{part} is missing in this language", "error"))
            continue
        said = {slot.name for slot in section.parts[part].template.slots}
        for name in sorted({slot.name for slot in text.template.slots} - said):
            note: Note = (section.parts[part].line, f"{part}: {{{name}}} of the main file is not in it", "warning")
            yield _finding(made, section, note)


def check_section(catalog: Catalog, name: str) -> list[Finding]:
    """What would keep the one section that a reminder type uses from being sent: for a sweep that is about to.

    What fails only for some readers, a text that can become too long or a phrase that is missing, is a warning here:
    their deliveries fail by themselves, nobody else waits for them. So is what everybody could read, though not as it
    was meant. Raises what `Catalog.section` raises.
    """
    home = catalog.home_of(name)
    section = home.section(name)
    used = {slot.name for text in section.parts.values() for slot in text.template.slots}
    phrases = _phrases(catalog, [phrase for phrase in PHRASES if PHRASES[phrase] & used], "warning")
    form = [fault for fault in home.faults if fault.section == section.name]
    misnamed = [_absent(catalog, section.name)] if home is not catalog else []
    return sorted({*form, *misnamed, *_section(home, section, "warning"), *phrases})


def check_by_hand(catalog: Catalog, name: str) -> list[Finding]:
    """The same for whoever sends a message by hand and can mend it first: what is not read as meant is an error too."""
    home = catalog.home_of(name)
    section = home.section(name)
    typed = [_finding(home, section, note) for note in slips.find(section, _provided(section))]
    return sorted({*check_section(catalog, name), *typed})


def _absent(catalog: Catalog, name: str) -> Finding:
    """That a file lacks the section of a rule: an error where it has one that is nearly called so."""
    near = suggestion(name, catalog.sections.keys() - TYPES.keys() - {one.shared_section for one in TYPES.values()})
    if near or catalog.packaged is None:
        text = f"section {name} is missing{near}: what it says cannot be sent"
        return Finding(1, text, file=catalog.path.name, section=name)
    text = f"section {name} is missing: the packaged text is sent"
    return Finding(1, text, "warning", catalog.path.name, name)


def _section(catalog: Catalog, section: Section, partial: Severity = "error") -> Iterator[Finding]:
    """What is wrong with a section; `partial` is the severity of what fails only for some readers."""
    notes = [*_missing_parts(section), *_passing_words(section), *_declared(section)]
    notes += [(send.line, told, "error") for send in section.sends if (told := timing.misfit(send))]
    notes += [(line, told, "warning") for line, told in timing.overlaps(section.sends)]
    for part, text in section.parts.items():
        notes += [*_placeholders(section, part, text), *_form(part, text), *_length(part, text, partial)]
    for note in notes:
        yield _finding(catalog, section, note)


def _finding(catalog: Catalog, section: Section, note: Note) -> Finding:
    line, problem, severity = note
    return Finding(line, f"{section.name}: {problem}", severity, catalog.path.name, section.name)


def _missing_parts(section: Section) -> Iterator[Note]:
    begun = [way for way in (method.way for method in Method) if section.parts.keys() & {*way.every_part}]
    if not begun and not section.unread:
        yield section.line, "it has no parts: give it email_subject and email_body, discord or discord_channel", "error"
    needed = [part for way in begun for part in way.parts]
    if types := types_of_section(section.name):
        needed += [part for way in begun for part in types[0].parts if part in way.more_parts]
    for part in needed:
        if part not in section.parts and part not in section.unread:
            hint = suggestion(part, section.parts.keys() - set(needed))
            yield section.line, f"{part} is missing{hint}: without it the message cannot be sent", "error"


def _placeholders(section: Section, part: str, text: Text) -> Iterator[Note]:
    for fault in text.template.faults:
        yield text.line_of(fault.offset, fault.snippet), f"{part}: {fault.text}", "error"
    for slot in text.template.slots:
        if wrong := _slot(section, part, slot):
            yield text.line_of(slot.offset, f"{{{slot.name}"), f"{part}: {wrong}", "error"


def _slot(section: Section, part: str, slot: Slot) -> str | None:
    """What is wrong with a placeholder whose grammar is right."""
    shown = f"{{{slot.name}}}"
    provided = _provided(section)
    if slot.name not in provided:
        if slot.name in KNOWN:
            return f"{shown} is not known in this message: it can use {', '.join(sorted(provided))}"
        if hint := suggestion(slot.name, provided):
            return f"unknown variable {shown}{hint}"
        own = "" if types_of_section(section.name) else ", or list it under variables:"
        return f"unknown variable {shown}: it can use {', '.join(sorted(provided))}{own}"
    if slot.name in section.variables:
        return None
    if part in _POSTS and slot.name in names_about("person"):
        return f"{shown} cannot stand in a post to a whole group: it has no single reader"
    if slot.counts and slot.name not in _COUNTS:
        return f"{shown} is not a number: write it without the words after the colon"
    return None


def _form(part: str, text: Text) -> Iterator[Note]:
    if not text.text.strip():
        yield text.line, f"{part}: it is empty", "error"
    if part in ("email_subject", "calendar_title") and "\n" in text.text.strip():
        yield text.line, f"{part}: it must be one line", "error"


def _length(part: str, text: Text, partial: Severity) -> Iterator[Note]:
    """Whether it fits on Discord in the worst case; what staff give themselves is not reckoned with."""
    own = text.template.literal_length
    longest = own + sum(VARIABLES[slot.name].longest for slot in text.template.slots if slot.name in VARIABLES)
    limit = _LIMITS.get(part)
    if limit and longest > limit:
        problem = f"{part}: it can become {longest} characters long, Discord allows {limit}: shorten it"
        yield text.line, problem, "error" if own > limit else partial


def _passing_words(section: Section) -> Iterator[Note]:
    """Words that are false when the message goes out late, unless {starts_in} tells the truth beside them."""
    for together in _TOGETHER:
        texts = {part: section.parts[part] for part in together if part in section.parts}
        if any(slot.name == "starts_in" for text in texts.values() for slot in text.template.slots):
            continue
        for part, text in texts.items():
            for match in _PASSING.finditer(text.text):
                word = match.group()
                problem = f'{part}: "{word}" becomes false when the message goes out late'
                yield text.line_of(match.start(), word), problem, "warning"


def _declared(section: Section) -> Iterator[Note]:
    if section.variables and (section.sends or types_of_section(section.name)):
        yield section.line, "variables: nobody gives any to this message, it is sent on its own", "error"
        return
    used = {slot.name for text in section.parts.values() for slot in text.template.slots}
    for name in section.variables:
        if name not in used:
            yield section.line, f"variables: {name} is listed but not used", "warning"


def _phrases(catalog: Catalog, names: Iterable[str], severity: Severity = "error") -> Iterator[Finding]:
    for name in names:
        phrase = catalog.phrases.get(name)
        if phrase is None or not phrase.text.strip():
            stands_for = " and ".join(f"{{{variable}}}" for variable in sorted(PHRASES[name])) or "the footer of emails"
            hint = suggestion(name, catalog.phrases.keys() - PHRASES.keys())
            text = f"phrases: {name} is missing{hint}: it stands in {'for ' if PHRASES[name] else ''}{stands_for}"
            yield Finding(phrase.line if phrase else 1, text, severity, catalog.path.name)
            continue
        if phrase.template.faults or phrase.template.slots:
            text = f"phrases: {name}: a phrase is plain text, without placeholders ({{{{ for a literal brace)"
            yield Finding(phrase.line, text, severity, catalog.path.name)


def _provided(section: Section) -> frozenset[str]:
    types = types_of_section(section.name)
    if not types and section.sends:
        declared = [provided_to(timing.message_type(send, section.parts)) for send in section.sends]
        return frozenset.intersection(*declared)
    return provided_to(types[0]) if types else KNOWN | frozenset(section.variables)
