"""Timing as data: `send` lines of the messages file, types that staff declare there, one message instead of two."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from notify_cli import due, messages
from notify_cli.due import Policy, Window, timing
from tests.support.paths import MESSAGES
from tests.support.platform import Platform
from tests.support.shell import Shell
from tests.support.world import World

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SHIPPED = MESSAGES.read_text(encoding="utf-8")
FOLLOW_UP = """
meeting_followup:
  send: {when: 2 hours after the meeting, until: 2 days after the meeting, to: members}
  email_subject: How was it?
  email_body: |
    Hi {name}, how was the meeting of {group_name}?
"""


def file(tmp_path: Path, *more: str, shipped: str = SHIPPED) -> dict[str, str]:
    """A messages file: the shipped one, and more."""
    (tmp_path / "messages.yaml").write_text(shipped + "".join(more), encoding="utf-8")
    return {"NOTIFY_MESSAGES": str(tmp_path / "messages.yaml")}


def policy(tmp_path: Path, *more: str, shipped: str = SHIPPED, lessons: due.Lessons | None = None) -> Policy:
    path = Path(file(tmp_path, *more, shipped=shipped)["NOTIFY_MESSAGES"])
    return Policy(timing=lambda: timing.read(path), lessons=lambda: lessons or {})


def told(draft: Platform, found: Policy, only: str, at: timedelta = timedelta(0)) -> list[tuple[str, str]]:
    """(method, recipient) of what a sweep that long from now sends of a type, which has started long ago."""
    draft.connection.execute("insert into notify.since values (%s, '2000-01-01') on conflict do nothing", [only])
    deliveries = due.find(draft.connection, Window(draft.now + at), found, types=[only])
    return sorted((one.delivery.method.value, one.delivery.recipient) for one in deliveries)


def faults(tmp_path: Path, *sends: str, name: str = "extra") -> list[str]:
    """What the check says of these `send` lines, without the place."""
    text = "".join(f"{line}\n" for line in sends)
    section = f"\n{name}:\n{text}  discord: Hello!\n"
    catalog = messages.load(Path(file(tmp_path, section)["NOTIFY_MESSAGES"]))
    return [found.text.removeprefix(f"{name}: send: ") for found in messages.check(catalog) if "send" in found.text]


def test_staff_add_a_follow_up_and_see_it_previewed_announced_and_sent(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    settings = file(tmp_path, FOLLOW_UP)
    alice = world.platform.person("alice")
    group = world.platform.group("Otters", members=[alice])
    coming, past = world.meeting_in(group, hours=20), world.meeting_in(group, hours=-3.5)
    assert shell("init-db", "--catch-up").code == 0
    assert shell("preview", "--check", **settings).code == 0
    world.connection.execute("insert into notify.since values ('meeting_followup', now() - interval '1 day')")

    shown = shell("preview", "meeting_followup", "--user", alice, "--json", **settings).json
    assert shown["email"]["subject"] == "How was it?"
    listed = {one["type"]: one["automatic"] for one in shell("preview", "--json", **settings).json}
    assert (listed["meeting_followup"], listed["announcement"]) == (True, False)
    coming_up = shell("upcoming", "--json", **settings).json
    announced = [one for one in coming_up if one["reminder_type"] == "meeting_followup"]
    assert {one["job_id"] for one in announced} == {f"meeting_{id}_meeting_followup" for id in (past, coming)}
    assert shell("sweep-due", "--json", **settings).json["failed"] == 0
    assert [mail["subject"] for mail in world.sendgrid.mails].count("How was it?") == 1
    again = shell("send", "meeting_followup", "--user", alice, "--json", **settings)
    assert again.json[0]["notification_key"].startswith(f"meeting_{coming}_meeting_followup/")
    assert shell("sweep-due", "--json", **settings).json["due"] == 0
    lines = shell("explain", "--user", alice, "--json", **settings).json
    explained = {line["meeting_id"]: line for line in lines if line["rule"] == "meeting_followup"}
    assert explained[past]["verdict"] == "sent"
    assert [job["job_id"] for job in shell("cancel", f"meeting_{coming}_*followup", "--json", **settings).json]


def test_the_shipped_seven_are_declared_and_a_file_without_send_lines_has_their_timing(tmp_path: Path) -> None:
    assert SHIPPED.count("\n  send:") == 6  # two of the seven share a section
    bare = re.sub(r"^  send:(?: .*|(?:\n    .*)+)\n", "", SHIPPED, flags=re.MULTILINE)
    assert "\n  send:" not in bare
    assert len(bare.splitlines()) == len(SHIPPED.splitlines()) - 14
    without = policy(tmp_path, shipped=bare).timing()
    assert without == timing.shipped()
    assert without.faults == ()


def test_staff_change_a_threshold_and_a_lead_time(draft: Platform, tmp_path: Path) -> None:
    lessons: due.Lessons = {"*": {"1": ["a", "b", "c", "d"]}}
    alice = draft.person("alice")
    draft.meeting(draft.group(members=[alice]), draft.now + 4 * DAY)
    draft.finished(alice, "a", "b", "c")
    changed = SHIPPED.replace("when: 3 days before", "when: 4 days before").replace("fewer than 50%", "fewer than 80%")
    assert told(draft, policy(tmp_path, shipped=changed, lessons=lessons), "lesson_nudge_3d") == [
        ("discord_dm", f"user_{alice}"),
        ("email", f"user_{alice}"),
    ]
    fewer = changed.replace("fewer than 80%", "fewer than 75%")
    assert told(draft, policy(tmp_path, shipped=fewer, lessons=lessons), "lesson_nudge_3d") == []
    assert told(draft, policy(tmp_path, lessons=lessons), "lesson_nudge_3d") == []


@pytest.mark.parametrize(
    ("audience", "expected"),
    [("members", ["alice", "bob"]), ("facilitators", ["alice"]), ("learners", ["bob"])],
)
def test_a_message_can_be_for_facilitators_or_learners_alone(
    draft: Platform, tmp_path: Path, audience: str, expected: list[str]
) -> None:
    people = dict(zip(("alice", "bob"), draft.people("alice", "bob"), strict=True))
    group = draft.group()
    draft.member(group, people["alice"], role="facilitator")
    draft.member(group, people["bob"], role="participant")
    draft.meeting(group, draft.now + 90 * MINUTE)
    when = "when: 2 hours before the meeting, until: 1 hour before the meeting"
    send = f"\nhint:\n  send: {{{when}, to: {audience}}}\n  discord: Hi\n"
    assert told(draft, policy(tmp_path, send), "hint") == [("discord_dm", f"user_{people[name]}") for name in expected]


@pytest.mark.parametrize(
    ("when", "occurs"),
    [("after joining", "joining"), ("after signup", "signup"), ("after starting a trial lesson", "trial")],
)
def test_a_message_can_count_from_joining_signup_and_a_trial_lesson(
    draft: Platform, tmp_path: Path, when: str, occurs: str
) -> None:
    alice = draft.person("alice")
    at = draft.now - 5 * DAY
    if occurs == "joining":
        draft.member(draft.group(), alice, joined_at=at)
    elif occurs == "signup":
        draft.enrolment(alice, at=at)
    else:
        draft.session(alice, "intro", started_at=at)
    found = policy(tmp_path, f"\nhint:\n  send: {{when: 5 days {when}, until: 6 days {when}}}\n  discord: Hi\n")
    assert told(draft, found, "hint") == [("discord_dm", f"user_{alice}")]
    assert told(draft, found, "hint", -MINUTE) == []
    assert told(draft, found, "hint", DAY) == []


def test_what_is_after_a_meeting_counts_from_its_end(draft: Platform, tmp_path: Path) -> None:
    alice = draft.person("alice")
    group = draft.group(members=[alice])
    draft.meeting(group, draft.now - 3 * HOUR)
    found = policy(tmp_path, FOLLOW_UP)
    assert told(draft, found, "meeting_followup") == [("email", f"user_{alice}")]
    assert told(draft, found, "meeting_followup", -MINUTE) == []
    assert told(draft, found, "meeting_followup", 46 * HOUR - MINUTE) != []
    assert told(draft, found, "meeting_followup", 46 * HOUR) == []


def test_a_message_can_be_for_some_courses_alone(draft: Platform, tmp_path: Path) -> None:
    alice, bob = draft.people("alice", "bob")
    draft.meeting(draft.group(members=[alice]), draft.now - 3 * HOUR)
    logic = draft.cohort(course=draft.course("Logic"))
    draft.meeting(draft.group(members=[bob], cohort=logic), draft.now - 3 * HOUR)
    changed = FOLLOW_UP.replace("to: members", "courses: [LOGIC]")
    assert told(draft, policy(tmp_path, changed), "meeting_followup") == [("email", f"user_{bob}")]


def test_a_post_about_lessons_goes_out_once_when_a_member_is_due_the_nudge(draft: Platform, tmp_path: Path) -> None:
    lessons: due.Lessons = {"*": {"1": ["a"]}}
    alice, bob = draft.people("alice", "bob")
    group = draft.group(members=[alice, bob])
    draft.meeting(group, draft.now + 3 * DAY)
    changed = SHIPPED.replace("\nlesson_nudge:\n", "\nlesson_nudge:\n  discord_channel: Lessons are waiting.\n")
    found = policy(tmp_path, shipped=changed, lessons=lessons)
    draft.finished(alice, "a")
    assert told(draft, found, "lesson_nudge_3d") == [
        ("discord_channel", f"group_{group}"),
        ("discord_dm", f"user_{bob}"),
        ("email", f"user_{bob}"),
    ]
    draft.finished(bob, "a")
    assert told(draft, found, "lesson_nudge_3d") == []


ABSORBING = SHIPPED.replace("\nmeeting_reminder_24h:\n", "\nmeeting_reminder_24h:\n  absorbs: lesson_nudge_1d\n")


def test_of_a_reminder_and_a_nudge_the_reminder_goes_out_by_email(world: World, shell: Shell, tmp_path: Path) -> None:
    settings = file(tmp_path, shipped=ABSORBING)
    (tmp_path / "course.yaml").write_text("progression: [{lesson: intro}, {meeting: 1}]\n")
    settings["NOTIFY_COURSES"] = str(tmp_path / "course.yaml")
    alice, bob = world.platform.people("alice", "bob")
    meeting = world.meeting_in(world.platform.group(members=[alice, bob]), hours=23)
    world.platform.update("users", {"user_id": bob}, email_notifications_enabled=False)
    coming = [one for one in shell("upcoming", "--within", "1h", "--json", **settings).json if one["user_id"] == alice]
    assert {(one["reminder_type"], one["method"]) for one in coming} == {
        ("meeting_reminder_24h", "email"),
        ("lesson_nudge_1d", "discord_dm"),
    }
    for _ in range(2):
        shell("sweep-due", **settings)
    assert world.inboxes() == ["alice@example.org"]
    assert len([one for one in world.log() if one["method"] == "discord_dm"]) == 2
    line = next(
        one
        for one in shell("explain", "--user", alice, "--meeting", meeting, "--json", **settings).json
        if one["rule"] == "lesson_nudge_1d"
    )
    assert f"email: what it says is in meeting_{meeting}_reminder_24h" in line["reason"]


def test_what_another_message_said_is_in_the_log_once_that_was_delivered(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    settings = file(tmp_path, shipped=ABSORBING)
    (tmp_path / "course.yaml").write_text("progression: [{lesson: intro}, {meeting: 1}]\n")
    settings["NOTIFY_COURSES"] = str(tmp_path / "course.yaml")
    alice, bob = world.platform.people("alice", "bob")
    meeting = world.meeting_in(world.platform.group(members=[alice, bob]), hours=23)
    world.platform.update("users", {"user_id": bob}, email="no address")
    for _ in range(2):
        shell("sweep-due", **settings)
    rows = world.connection.execute(
        "select user_id, delivery_status::text, context -> 'absorbed_by' from reminders_log"
        " join reminder_recipients_log using (reminder_id)"
        " where job_id like '%%_1d' and delivery_method = 'email' order by user_id"
    ).fetchall()
    # Bob's reminder came to nothing, so that the nudge was tried.
    assert rows == [(alice, "cancelled", f"meeting_{meeting}_reminder_24h"), (bob, "failed", None)]
    # It stays so when the line is taken out of the file, or the reminder out of the log.
    world.connection.execute("delete from reminders_log where reminder_type = 'meeting_reminder_24h'")
    for others in (settings, {**settings, **file(tmp_path)}):
        lines = shell("explain", "--user", alice, "--meeting", meeting, "--json", **others).json
        assert f"email: what it says is in meeting_{meeting}_reminder_24h" in next(
            line["reason"] for line in lines if line["rule"] == "lesson_nudge_1d"
        )


def test_two_messages_can_have_the_content_of_one(draft: Platform, tmp_path: Path) -> None:
    lessons: due.Lessons = {"*": {"1": ["a"]}}
    draft.meeting(draft.group(members=[draft.person("alice")]), draft.now + 23 * HOUR)
    other = FOLLOW_UP.replace("\n  send:", "\n  absorbs: lesson_nudge_1d\n  send:")
    for name in ("another", "a_first", "z_last"):
        found = policy(tmp_path, other.replace("meeting_followup", name), shipped=ABSORBING, lessons=lessons)
        assert [one[0] for one in told(draft, found, "lesson_nudge_1d")] == ["discord_dm"]


def test_a_text_less_is_a_way_less(draft: Platform, tmp_path: Path) -> None:
    shipped = re.sub(r"(?s)(\nwelcome:\n.*?)\n  discord: \|\n(?:    .*\n|\n(?=    ))+", r"\1\n", SHIPPED, count=1)
    alice = draft.person("alice")
    draft.enrolment(alice, at=draft.now)
    assert [one[0] for one in told(draft, policy(tmp_path), "welcome")] == ["discord_dm", "email"]
    changed = policy(tmp_path, shipped=shipped)
    assert [one[0] for one in told(draft, changed, "welcome")] == ["email"]
    catalog = messages.load(tmp_path / "messages.yaml")
    assert [found.text for found in messages.check(catalog) if found.severity == "error"] == []


@pytest.mark.parametrize("named", ["logic", "LOGIC-101", "old-logic", "logic for all", "Logic for All "])
def test_a_course_goes_by_any_of_its_names(world: World, shell: Shell, tmp_path: Path, named: str) -> None:
    (tmp_path / "courses").mkdir()
    course = tmp_path / "courses" / "l.yaml"
    course.write_text(
        "slug: logic\nid: logic-101\naliases: [old-logic]\ntitle: Logic for All\nprogression: [{meeting: 1}]\n"
    )
    (tmp_path / "courses" / "default.yaml").write_text("slug: other\nprogression: [{meeting: 1}]\n")
    settings = file(tmp_path, FOLLOW_UP.replace("to: members", f"courses: ['{named}']"))
    settings["NOTIFY_COURSES"] = str(course.parent)
    platform = world.platform
    alice, bob = platform.people("alice", "bob")
    for person, title in ((alice, "Logic for all"), (bob, "AI Safety")):
        group = platform.group(members=[person], cohort=platform.cohort(course=platform.course(title)))
        world.meeting_in(group, hours=-3)
    world.connection.execute("insert into notify.since values ('meeting_followup', '2000-01-01')")
    for _ in range(2):
        shell("sweep-due", **settings)
    assert world.inboxes() == ["alice@example.org"]
    course.write_text(course.read_text().replace("Logic for All", "Reasoning").replace("logic", "reasoning"))
    world.meeting_in(group, hours=-3)
    assert shell("sweep-due", "--json", **settings).json["due"] == 0


@pytest.mark.parametrize(
    ("status", "expected"), [("failed", 1), ("expired", 1), ("pending", 0), ("delivered", 0), ("cancelled", 1)]
)
def test_what_absorbs_and_does_not_arrive_gives_back_what_it_took(
    draft: Platform, tmp_path: Path, status: str, expected: int
) -> None:
    lessons: due.Lessons = {"*": {"1": ["a"]}}
    alice = draft.person("alice")
    meeting = draft.meeting(draft.group(members=[alice]), draft.now + 23 * HOUR)
    found = policy(tmp_path, shipped=ABSORBING, lessons=lessons)
    stamp = (draft.now + 23 * HOUR).strftime("%Y%m%dT%H%M%SZ")
    draft.log_row(
        notification_key=f"meeting_{meeting}_reminder_24h/{stamp}/email/user_{alice}",
        job_id=f"meeting_{meeting}_reminder_24h",
        delivery_status=status,
        due_at=draft.now - HOUR,
        useful_until=draft.now + 5 * HOUR,
    )
    emails = [one for one in told(draft, found, "lesson_nudge_1d") if one[0] == "email"]
    assert len(emails) == expected
    late = [one for one in told(draft, found, "lesson_nudge_1d", 8 * HOUR) if one[0] == "email"]
    assert len(late) == (0 if status == "delivered" else 1)


def test_an_idle_sweep_parses_no_yaml(
    world: World, shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = file(tmp_path, FOLLOW_UP)
    assert shell("sweep-due", **settings).code == 0

    def parsed(path: Path | None, courses: object) -> timing.Timing:
        raise AssertionError(path)

    monkeypatch.setattr(timing, "read", parsed)
    assert shell("sweep-due", **settings).code == 0
    with pytest.raises(AssertionError):
        world.sweep(world.settings(**file(tmp_path, FOLLOW_UP, "\n# changed\n")))


def test_a_fault_of_a_send_line_is_said_by_every_sweep_and_holds_up_its_own_section(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    settings = file(tmp_path, shipped=SHIPPED.replace("when: at once after signup", "when: at once after singup"))
    alice = world.platform.person("alice")
    world.platform.enrolment(alice, at=world.now)
    world.meeting_in(world.platform.group(members=[alice]), hours=23)
    for _ in range(2):
        ran = shell("sweep-due", **settings)
        assert ran.code == 78
        assert "at once after singup' is no time (did you mean signup?)" in ran.err
    assert {row["reminder_type"] for row in world.log()} == {"meeting_reminder_24h"}


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("{when: 2 horus after the meeting}", "when '2 horus after the meeting' is no time (did you mean hours?)"),
        ("{when: tomorrow}", "when 'tomorrow' is no time: write one like 2 hours after the meeting"),
        ("{when: 1 day before signup}", "when '1 day before signup' is no time: nobody knows of it before"),
        ("{wen: 1 day after signup}", "unknown word wen (did you mean when?)"),
        ("{until: 1 day after signup}", "when is missing"),
        ("{when: 2 days after signup, until: 1 day after signup}", "until is not after when: it would never go out"),
        ("{when: 1 hour after the meeting, until: 2 hours before the meeting}", "until is not after when"),
        ("{when: 1 day after signup, until: 2 days after joining}", "when and until are counted from two things"),
        ("{when: 1 day after signup, to: facilitators}", "to facilitators: only a group has them"),
        ("{when: 1 day after joining, to: lerners}", "unknown to lerners (did you mean learners?)"),
        ("{when: 1 day after joining, if: lessons left}", "if 'lessons left': lessons are due at meetings"),
        ("{when: 1 day before the meeting, if: half done}", "if 'half done' is not known: lessons left, or fewer"),
        ("{when: 1 day after joining, courses: ai}", "courses must be a list of names, such as [ai-safety]"),
        ("{when: 500 days after joining}", "when '500 days after joining' is too far away: at most 366 days"),
        (
            "{when: 1 day before the meeting, absorbs: welcme}",
            "absorbs welcme, which does not go out by itself (did you",
        ),
        (
            "{when: 1 day after signup, absorbs: lesson_nudge_1d}",
            "absorbs lesson_nudge_1d: both must be about a meeting",
        ),
        ("tomorrow", "must hold when, until and to"),
        ("[]", "extra: send is empty"),
    ],
)
def test_the_check_tells_what_is_wrong_with_a_send_line(tmp_path: Path, line: str, fault: str) -> None:
    told_of = faults(tmp_path, f"  send: {line}")
    assert len(told_of) == 1
    assert told_of[0].startswith(fault)


def test_the_check_tells_of_entries_beside_each_other(tmp_path: Path) -> None:
    early = "    - {name: early, when: 2 days before the meeting, until: 1 day before the meeting}"
    late = "    - {name: late, when: 30 hours before the meeting, until: 1 hour before the meeting}"
    assert faults(tmp_path, "  send:", early, late) == [
        "late can go out while early still does: end one before the other"
    ]
    assert len(faults(tmp_path, "  send:", early, early)) == 1
    assert faults(tmp_path, "  send:", early.replace("name: early, ", ""), late)[0].startswith(
        "each of several entries"
    )
    assert faults(tmp_path, "  send: {name: lesson_nudge_1d, when: 1 day before the meeting}") == [
        "lesson_nudge_1d stands in lesson_nudge too: each entry has a name of its own"
    ]
    catalog = messages.load(
        Path(file(tmp_path, shipped=SHIPPED.replace("at once after joining", "1 day after joining"))["NOTIFY_MESSAGES"])
    )
    assert [found.text for found in messages.check(catalog)] == [
        "group_assigned: send: group_assigned goes out to members at once after joining: only until can be changed"
    ]


def test_a_declared_message_can_say_only_what_it_is_about(tmp_path: Path) -> None:
    section = "\nhint:\n  send: {when: 1 day after signup}\n  discord: See you {meeting_time}\n"
    catalog = messages.load(Path(file(tmp_path, section)["NOTIFY_MESSAGES"]))
    assert [found.text.split(":")[2].strip()[:40] for found in messages.check(catalog)] == [
        "{meeting_time} is not known in this mess"
    ]


def test_a_declared_type_can_be_switched_off_by_its_name_or_its_sections(
    world: World, shell: Shell, tmp_path: Path
) -> None:
    entries = "".join(
        f"    - {{name: {name}, when: {when} before the meeting, until: {until} before the meeting}}\n"
        for name, when, until in (("early", "2 days", "20 hours"), ("late", "19 hours", "1 hour"))
    )
    settings = file(tmp_path, f"\nhint:\n  discord: Hi\n  send:\n{entries}")
    assert shell("preview", "--check", **settings).code == 0
    world.connection.execute("insert into notify.since values ('early', '2000-01-01'), ('late', '2000-01-01')")
    alice = world.platform.person("alice")
    world.meeting_in(world.platform.group(members=[alice]), hours=30)
    for switched_off in ("early", "hint"):
        shell("sweep-due", NOTIFY_DISABLED=switched_off, **settings)
        assert not world.discord.messages
    shell("sweep-due", NOTIFY_DISABLED="late", **settings)
    assert [message["content"] for message in world.discord.messages] == ["Hi"]
