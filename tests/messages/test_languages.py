"""Messages in the reader's language: texts, dates, plurals and the page; and what the check says of a translation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import messages
from notify_cli.messages import languages, render, template
from notify_cli.model import Email
from tests.messages.test_render import ALICE, CATALOG, FACTS, SETTINGS, START
from tests.support.paths import ROOT
from tests.support.world import World

GERMAN = CATALOG.translations["de"]


def german(reminder_type: str, **facts: object) -> Email:
    catalog = CATALOG.for_reader("de_AT", reminder_type)
    return render.email(catalog.section(reminder_type), catalog, replace(FACTS, **facts), SETTINGS, "k")  # type: ignore[arg-type]


def test_german_is_shipped_in_full_and_without_a_remark() -> None:
    assert GERMAN.sections.keys() == CATALOG.sections.keys()
    assert GERMAN.phrases.keys() == CATALOG.phrases.keys()
    assert [phrase for phrase, text in GERMAN.phrases.items() if text == CATALOG.phrases[phrase]] == []
    assert [str(found) for found in messages.check(CATALOG)] == []


@pytest.mark.parametrize(("locale", "language"), [
    ("de", "de"), ("de_DE.UTF-8", "de"), ("DE-at", "de"), ("en_GB", "en"), ("fr", "en"), (None, "en"), ("", "en"),
    ("../../de", "en"), ("d\u00e9", "en"),
])  # fmt: skip
def test_the_language_follows_the_readers_locale(locale: str | None, language: str) -> None:
    assert CATALOG.for_reader(locale, "welcome").language == language


def test_a_german_email_is_german_throughout() -> None:
    mail = german("meeting_reminder_24h")
    assert '<html lang="de">' in mail.html
    assert mail.subject == "Erinnerung: Owls trifft sich morgen"
    assert "deine Lerngruppe trifft sich morgen: Mittwoch, 4. Februar, 16:00 CET.\nBis dahin: 1 Tag." in mail.text
    assert "Hallo du," in german("welcome", person=replace(ALICE, name="there")).text


@pytest.mark.parametrize(("count", "expected"), [(1, "1 Lektion"), (2, "2 Lektionen")])
def test_plurals_are_german(count: int, expected: str) -> None:
    assert german("lesson_nudge_3d", unfinished=FACTS.unfinished[:count]).subject.endswith(f"noch {expected}")


LESSONS = {
    "en": "lesson|lessons",
    "ru": "занятие|занятия|занятий",
    "ar": "دروس|درس|درسان|دروس|درسًا|درس",
    "ja": "レッスン",
}


@pytest.mark.parametrize(("language", "counts"), [
    ("en", {0: "0 lessons", 1: "1 lesson", 2: "2 lessons"}),
    ("ru", {1: "1 занятие", 4: "4 занятия", 11: "11 занятий", 21: "21 занятие", 10**6: "1000000 занятий"}),
    ("ar", {1: "1 درس", 2: "2 درسان", 3: "3 دروس", 11: "11 درسًا", 100: "100 درس"}),
    ("ja", {1: "1 レッスン", 2: "2 レッスン"}),
])  # fmt: skip
def test_a_count_has_the_word_of_its_plural_form(language: str, counts: dict[int, str]) -> None:
    made = template.parse(f"{{n:{LESSONS[language]}}}", language)
    assert made.faults == ()
    assert {count: made.fill({"n": count}) for count in counts} == counts


def test_zero_is_one_in_french_and_many_millions_are_no_fault() -> None:
    made = template.parse("{n:leçon|leçons}", "fr")
    assert [made.fill({"n": count}) for count in (0, 2, 10**6)] == ["0 leçon", "2 leçons", "1000000 leçons"]


@pytest.mark.parametrize("words", ["занятие|занятия", "занятие", "занятие||занятий", "a|b|c|d"])
def test_a_plural_form_too_few_or_too_many_is_a_fault_of_the_translation(tmp_path: Path, words: str) -> None:
    (tmp_path / "messages.yaml").write_bytes((ROOT / "messages.yaml").read_bytes())
    source = (
        f'lesson_nudge:\n  email_subject: "{{lessons_remaining:{words}}}"\n  email_body: "{{lesson_list}}"\n'
        "  discord: Привет\n"
    )
    (tmp_path / "messages.ru.yaml").write_text(source, encoding="utf-8")
    catalog = messages.load(tmp_path / "messages.yaml")
    told = [str(one) for one in messages.check(catalog) if one.severity == "error"]
    assert told == [
        f"messages.ru.yaml:2: lesson_nudge: email_subject: {{lessons_remaining:{words}}} is not a count with its word: "
        "write {lessons_remaining:one|few|many}, the words for one (1, 21), few (2, 3), many (0, 5)"
    ]
    assert catalog.for_reader("ru", "lesson_nudge_3d").language == "en"


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        ({"minutes": 47}, "47 Minuten"),
        ({"minutes": 61}, "1 Stunde und 1 Minute"),
        ({"days": 1, "hours": 2}, "1 Tag und 2 Stunden"),
        ({"seconds": 5}, "0 Minuten"),
        ({"hours": -1}, "0 Minuten"),
    ],
)
def test_spans_of_time_are_german(left: dict[str, int], expected: str) -> None:
    assert languages.distance(timedelta(**left), "de") == expected
    assert languages.date(START, "Europe/Berlin", "fr") == "mercredi 4 février"


def beside(tmp_path: Path, source: str) -> messages.Catalog:
    (tmp_path / "messages.yaml").write_bytes((ROOT / "messages.yaml").read_bytes())
    (tmp_path / "messages.de.yaml").write_text(source, encoding="utf-8")
    return messages.load(tmp_path / "messages.yaml")


def test_what_a_translation_lacks_is_the_main_files(tmp_path: Path) -> None:
    catalog = beside(
        tmp_path, "welcome:\n  email_subject: Hallo\n  email_body: Hallo {name}\n  discord: Hallo {name}\n"
    )
    assert catalog.for_reader("de", "welcome").language == "de"
    assert catalog.for_reader("de", "trial_nudge").language == "en"
    found = [str(one) for one in messages.check(catalog)]
    assert "messages.de.yaml:1: warning: section trial_nudge is missing: its readers get messages.yaml's" in found
    assert "messages.de.yaml:3: warning: welcome: email_body: {profile_url} of the main file is not in it" in found


@pytest.mark.parametrize("source", [
    "welcome:\n  email_subject: Hallo {nmae}\n  email_body: b\n  discord: c\n",
    "welcome:\n  email_subject: a: b\n",
    "welcome:\n  email_subjekt: a\n",
])  # fmt: skip
def test_a_fault_of_a_translation_is_told_and_holds_up_nobody(tmp_path: Path, source: str) -> None:
    catalog = beside(tmp_path, source)
    assert any(one.file == "messages.de.yaml" and one.severity == "error" for one in messages.check(catalog))


def test_a_sweep_speaks_to_each_in_their_language(world: World, tmp_path: Path) -> None:
    world.connection.execute("alter table users add column locale text")
    greta, bob = (world.platform.person(name, discord_id=None) for name in ("greta", "bob"))
    world.platform.update("users", {"user_id": greta}, locale="de_DE")
    for person in (greta, bob):
        world.platform.enrolment(person, at=world.now)
    assert world.sweep().exit_code == 0
    subjects = {mail["personalizations"][0]["to"][0]["email"]: mail["subject"] for mail in world.sendgrid.mails}
    assert subjects == {
        "greta@example.org": "Willkommen im AI-Safety-Kurs",
        "bob@example.org": "Welcome to the AI Safety Course",
    }


def test_a_broken_translation_is_said_and_its_readers_get_the_main_text(world: World, tmp_path: Path) -> None:
    world.connection.execute("alter table users add column locale text")
    greta = world.platform.person("greta", discord_id=None)
    world.platform.update("users", {"user_id": greta}, locale="de")
    world.platform.enrolment(greta, at=world.now)
    beside(tmp_path, "welcome:\n  email_subject: a: b\n")
    done = world.sweep(world.settings(NOTIFY_MESSAGES=str(tmp_path / "messages.yaml")))
    assert (done.exit_code, done.delivered) == (78, 1)
    assert done.faults[0].startswith("messages.de.yaml:2: ")
    assert world.sendgrid.mails[0]["subject"] == "Welcome to the AI Safety Course"


def test_a_file_says_by_its_name_which_language_it_speaks(tmp_path: Path) -> None:
    path = tmp_path / "messages.de.yaml"
    path.write_bytes((ROOT / "messages.de.yaml").read_bytes())
    catalog = messages.load(path)
    mail = render.email(catalog.section("welcome"), catalog, FACTS, SETTINGS, "k")
    assert '<html lang="de">' in mail.html
