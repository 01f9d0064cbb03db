"""Look-ups in the six views: one statement for each question, and none beside them."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from notify_cli.delivery import Delivery
from notify_cli.due import upcoming
from notify_cli.platform import enrolments, groups, lessons, lookups, meetings, people
from notify_cli.registry import Method
from tests.support.paths import PACKAGE
from tests.support.platform import Platform

VIEWS = re.compile(r"\bnotify\.(people|groups|members|meetings|enrolments|lesson_sessions)\b")
# Who reads the views besides platform/: the rules with their frame, the log for its readers' names and for what of its
# rows is still needed, and what erases a person.
READERS = (
    *("due/", "calendars/", "demo/", "prune/"),
    *(f"log/{name}.sql" for name in ("entries", "events", "one", "prune", "erase", "unwarranted")),
)

DAY = timedelta(days=1)


def test_only_the_rules_and_the_platform_read_the_views() -> None:
    reading = {
        str(path.relative_to(PACKAGE))
        for pattern in ("*.sql", "*.py")
        for path in PACKAGE.rglob(pattern)
        if VIEWS.search(re.sub(r'--.*|#.*|"""[\s\S]*?"""', "", path.read_text(encoding="utf-8")))
    }
    assert {path for path in reading if not path.startswith(("platform/", *READERS))} == set()
    assert "due/verdict.sql" in reading
    assert not [path for path in reading if path.endswith(".py")]


def test_every_look_up_is_asked_for_once() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (PACKAGE / "platform").glob("*.py"))
    asked = re.findall(r'lookups\.rows\(connection, "(\w+)"', code)
    assert sorted(asked) == sorted(path.stem for path in (PACKAGE / "platform" / "lookups").glob("*.sql"))


def test_nobody_to_ask_about_is_no_round_trip() -> None:
    class Nowhere:
        """A connection that cannot be used."""

    nowhere: object = Nowhere()
    assert lookups.rows(nowhere, "people", user_ids=[]) == []  # type: ignore[arg-type]


def test_the_clock_is_the_one_given_else_the_databases(draft: Platform) -> None:
    assert lookups.clock(draft.connection, draft.now) == draft.now
    [told] = draft.connection.execute("select now()").fetchone() or (None,)
    assert lookups.clock(draft.connection, None) == told


def test_two_roles_are_one_stay_since_the_earlier_of_those_that_are_active(draft: Platform) -> None:
    alice = draft.person("alice")
    otters = draft.group("Otters")
    draft.member(otters, alice, joined_at=draft.now - 90 * DAY, status="dropped", left_at=draft.now - 80 * DAY)
    draft.member(otters, alice, joined_at=draft.now - 40 * DAY)
    draft.member(otters, alice, joined_at=draft.now - 2 * DAY, role="facilitator")
    [stay] = groups.stays(draft.connection, [alice])
    assert (stay.group_id, stay.active, stay.joined_at) == (otters, True, draft.now - 40 * DAY)
    assert str(stay) == f"Otters (group_{otters})"


def test_of_stays_that_ended_the_last_one_counts(draft: Platform) -> None:
    erin = draft.person("erin")
    otters = draft.group("Otters", status="completed")
    for days in (90, 40):
        draft.member(otters, erin, joined_at=draft.now - days * DAY)
        draft.leave(otters, erin, at=draft.now - (days - 10) * DAY)
    [stay] = groups.stays(draft.connection, [erin])
    assert (stay.joined_at, stay.active, stay.group_active) == (draft.now - 40 * DAY, False, False)


def test_who_becomes_a_facilitator_of_an_old_group_has_not_joined_it_again(draft: Platform) -> None:
    alice = draft.person("alice")
    otters, falcons = draft.group("Otters"), draft.group("Falcons")
    draft.member(otters, alice, joined_at=draft.now - 40 * DAY)
    draft.member(falcons, alice, joined_at=draft.now - 10 * DAY)
    draft.member(otters, alice, joined_at=draft.now - DAY, role="facilitator")
    for reminder_type in ("group_assigned", "announcement"):
        own = groups.own(draft.connection, [alice], reminder_type, at=draft.now)[alice]
        assert own.stay.group_id == falcons
        assert [stay.group_id for stay in own.others] == [otters]


def test_a_group_that_met_for_the_last_time_does_not_meet_next(draft: Platform) -> None:
    alice = draft.person("alice")
    otters, falcons = (draft.group(name, members=[alice]) for name in ("Otters", "Falcons"))
    draft.meeting(otters, draft.now - timedelta(hours=1))
    draft.meeting(falcons, draft.now + timedelta(days=20))
    own = groups.own(draft.connection, [alice], "meeting_reminder_1h", at=draft.now)[alice]
    assert own.stay.group_id == falcons


def test_a_choice_is_told_only_where_there_is_one(draft: Platform) -> None:
    alice, bob, carol = draft.people("alice", "bob", "carol")
    draft.group("Otters", members=[alice, bob])
    draft.group("Falcons", members=[alice])
    own = groups.own(draft.connection, [alice, bob, carol], "announcement", at=draft.now)
    assert own.keys() == {alice, bob}
    assert own[bob].choice("Bob") == ""
    assert own[alice].choice("Alice").startswith("about ")


def test_the_next_meeting_is_the_first_that_has_not_begun(draft: Platform) -> None:
    otters, falcons = draft.group("Otters"), draft.group("Falcons")
    draft.meeting(otters, draft.now)
    later, sooner = (draft.meeting(otters, draft.now + days * DAY) for days in (9, 2))
    found = meetings.next_of(draft.connection, [otters, falcons], draft.now)
    assert {group_id: one.meeting_id for group_id, one in found.items()} == {otters: sooner}
    assert meetings.find(draft.connection, later) == meetings.Appointment(later, otters, draft.now + 9 * DAY, "Otters")
    assert meetings.find(draft.connection, 2**40) is None


def test_all_meetings_of_a_group_come_in_order_with_their_numbers(draft: Platform) -> None:
    otters = draft.group("Otters")
    second, first = (draft.meeting(otters, draft.now + days * DAY) for days in (9, -2))
    found = meetings.of_groups(draft.connection, [otters], timedelta(minutes=90))
    assert [(m.meeting_id, m.number, m.duration) for m in found[otters]] == [
        (first, 1, timedelta(minutes=90)),
        (second, 2, timedelta(minutes=90)),
    ]


@pytest.mark.parametrize("where", ["members", "enrolments", "lesson_sessions"])
def test_a_deleted_account_leaves_traces(draft: Platform, where: str) -> None:
    frank, nobody = draft.people("frank", "nobody")
    for person in (frank, nobody):
        draft.update("users", {"user_id": person}, deleted_at=draft.now)
    if where == "members":
        draft.group(members=[frank])
    elif where == "enrolments":
        draft.enrolment(frank)
    else:
        draft.session(frank, "intro")
    assert people.by_id(draft.connection, [frank]) == {}
    assert people.left_traces(draft.connection, frank)
    assert not people.left_traces(draft.connection, nobody)


def test_the_trial_session_is_the_latest_of_a_lesson_never_finished(draft: Platform) -> None:
    olivia, peggy = draft.people("olivia", "peggy")
    draft.session(olivia, "older", started_at=draft.now - 9 * DAY)
    wanted = draft.session(olivia, "wanted", started_at=draft.now - 5 * DAY)
    for person in (olivia, peggy):
        draft.session(person, "done", started_at=draft.now - 4 * DAY, completed_at=draft.now - 4 * DAY)
        draft.session(person, "done", started_at=draft.now - 3 * DAY)
    assert lessons.trial_sessions(draft.connection, [olivia, peggy]) == {olivia: wanted}
    assert lessons.of_sessions(draft.connection, [wanted]) == {wanted: "wanted"}
    assert lessons.completed(draft.connection, [olivia, peggy], ["done", "wanted"]) == {
        olivia: frozenset({"done"}),
        peggy: frozenset({"done"}),
    }


def test_a_cohort_is_everyone_enrolled_in_it_who_has_an_account(draft: Platform) -> None:
    alice, frank = draft.person("alice"), draft.person("frank", deleted_at=draft.now)
    cohort, ended = draft.cohort(), draft.cohort(status="completed")
    for person in (alice, frank):
        draft.enrolment(person, cohort=cohort)
    draft.enrolment(alice, cohort=ended)
    found = enrolments.cohorts(draft.connection, [cohort, ended, 4711])
    assert found == {
        cohort: enrolments.Cohort(cohort, True, (alice,)),
        ended: enrolments.Cohort(ended, False, (alice,)),
    }


def test_recipients_are_called_by_their_names(draft: Platform) -> None:
    alice = draft.person("Alice")
    otters = draft.group("Otters")

    def delivery(user_id: int | None, group_id: int | None) -> Delivery:
        method = Method.EMAIL if user_id else Method.DISCORD_CHANNEL
        return Delivery("x", "-", "x", method, user_id, group_id, None, draft.now, draft.now)

    found = [delivery(alice, otters), delivery(None, otters), delivery(4711, None)]
    assert upcoming.names(draft.connection, found) == {f"user_{alice}": "Alice", f"group_{otters}": "Otters"}
