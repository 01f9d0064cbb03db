"""Days in the life of a group, each as it once went wrong, with what is right."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from notify_cli import db, due
from notify_cli.due import Window
from notify_cli.explain import explain
from notify_cli.manual import baseline
from notify_cli.platform import schema
from tests.support.ground import Ground, Letter, moment
from tests.support.postgres import Server

HOUR = timedelta(hours=1)
LATER = "scheduled_time_utc = scheduled_time_utc + interval"


@pytest.fixture
def ground(server: Server, ready_template: str, tmp_path: Path) -> Iterator[Ground]:
    with server.database(ready_template) as url, db.connect(url) as connection:
        yield Ground.of(url, connection, tmp_path / "out")


def utc(day: int, month: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def versions(letters: list[Letter]) -> list[tuple[str, str, int]]:
    return [(letter.to.split("@")[0], *letter.version) for letter in letters if letter.ics]


# Who is owed a series


def test_who_can_be_reached_after_seven_days_only_gets_the_meetings_to_come_in_true_words(ground: Ground) -> None:
    joined = "update users set email = null where user_id = 1; select join_at('2026-02-04 12:00Z', 1); select six()"
    assert not ground.step("12:00", joined)

    [letter] = ground.step("12 Feb 12:00", "update users set email = 'alice@example.org' where user_id = 1")

    assert letter.version == ("REQUEST", 0)
    assert ground.starts("alice") == ground.rows()[1:]
    assert "matched" not in letter.text
    assert "Changed" not in letter.subject

    [update] = ground.step("12 Feb 13:00", f"update meetings set {LATER} '2 hours' where meeting_id > 2")
    assert update.version == ("REQUEST", 1)
    assert ground.starts("alice") == ground.rows()[1:]


def test_who_reads_only_discord_is_told_of_a_moved_meeting(ground: Ground) -> None:
    ground.connection.execute(
        b"update users set email_notifications_enabled = false, discord_id = '100000000000000001' where user_id = 1;"
        b"select join_at('2026-01-01', 1, 2); select meet('2026-01-01', '2026-02-06 20:00Z')"
    )
    ground.step("10:00")

    letters = ground.step("5 Feb 03:00", "update meetings set scheduled_time_utc = '2026-02-05 20:00Z'")

    [post] = ground.posts
    before, after = (int(utc(day, 2, 20).timestamp()) for day in (6, 5))
    assert f"<t:{before}:F> → <t:{after}:F>" in str(post["body"])
    assert versions(letters) == [("bob", "REQUEST", 1)]
    ground.step("5 Feb 03:10")
    assert not ground.posts


def test_an_invite_refused_for_a_typo_goes_out_once_the_address_is_mended(ground: Ground) -> None:
    typo = "update users set email = 'alice@@example.org' where user_id = 1"
    assert not ground.step("12:00", f"{typo}; select join_at('2026-02-04 12:00Z', 1); select six()")
    assert not ground.step("12:30"), "with the address as it was"

    [letter] = ground.step("13:00", "update users set email = 'alice@example.org' where user_id = 1")

    assert letter.version == ("REQUEST", 0)
    assert letter.subject.startswith("You've been assigned")
    assert ground.starts("alice") == ground.rows()
    assert not ground.step("13:10")
    later = f"update meetings set {LATER} '2 hours' where meeting_id > 2"
    assert versions(ground.step("5 Feb 13:00", later)) == [("alice", "REQUEST", 1)]
    assert ground.starts("alice") == ground.rows()


def test_who_joined_before_the_installation_is_invited_by_hand_and_then_kept_up_to_date(ground: Ground) -> None:
    ground.connection.execute("update notify.installation set installed_at = '2026-02-04 11:00Z'")
    joined = "select join_at('2025-12-01 12:00Z', 1)"
    assert not ground.step(
        "12:00", f"{joined}; select meet('2025-12-01 12:00Z', '2026-02-07 12:00Z', '2026-02-14 12:00Z')"
    )
    found = due.find(ground.connection, Window(now=utc(4, 2, 12), user_ids=[1]), ground.policy, verdicts=None)
    [told] = [one.note for one in found if one.delivery.reminder_type == "calendar_update"]
    assert told is not None
    assert "notify send group_assigned --user 1" in told


# What the series says


def test_a_second_meeting_on_one_day_leaves_the_others_where_they_are(ground: Ground) -> None:
    four = "'2026-02-07 12:00Z', '2026-02-14 12:00Z', '2026-02-21 12:00Z', '2026-02-28 12:00Z'"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); select meet('2026-02-04 12:00Z', {four})")

    [letter] = ground.step("13:00", "select meet(now(), '2026-02-14 18:00Z')")

    assert ground.starts("alice") == ground.rows()
    assert "RECURRENCE-ID" not in letter.ics
    assert ground.step("13:10") == []


def test_a_move_for_good_makes_the_series_follow_the_meetings_to_come(ground: Ground) -> None:
    eight = "select timestamptz '2026-02-07 12:00Z' + n * interval '168 hours' from generate_series(0, 7) n"
    made = f"select meet('2026-02-04 12:00Z', variadic array({eight}))"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); {made}")

    moved = f"update meetings set {LATER} '1 day' where scheduled_time_utc > '2026-03-09'"
    [letter] = ground.step("9 Mar 12:00", moved)

    assert "RRULE:FREQ=WEEKLY;COUNT=3" in letter.events[0]
    assert "DTSTART:20260315T120000Z" in letter.events[0]
    assert [at for at in ground.starts("alice") if at > utc(9, 3, 12)] == ground.rows()[5:]
    assert set(ground.starts("alice")) <= set(ground.rows())
    assert ground.step("9 Mar 12:10") == []


def test_a_group_that_keeps_its_local_time_has_one_rule_over_the_change_of_clocks(ground: Ground) -> None:
    twelve = """
        insert into meetings(group_id, scheduled_time_utc, created_at)
        select 1, (timestamp '2026-02-25 18:00' + n * interval '7 days') at time zone 'Europe/Berlin',
            '2026-02-20 12:00Z'
        from generate_series(0, 11) n
    """
    [letter] = ground.step("20 Feb 12:00", f"select join_at('2026-02-20 12:00Z', 1); {twelve}")

    [event] = letter.events
    assert "DTSTART;TZID=Europe/Berlin:20260225T180000" in event
    assert "RRULE:FREQ=WEEKLY;COUNT=12" in event
    assert "EXDATE" not in event
    assert letter.ics.count("RRULE:FREQ=YEARLY") == 2
    assert ground.starts("alice") == ground.rows()


def test_times_kept_in_utc_stay_in_utc(ground: Ground) -> None:
    weekly = "select timestamptz '2026-02-25 17:00Z' + n * interval '168 hours' from generate_series(0, 11) n"
    made = f"select meet('2026-02-20 12:00Z', variadic array({weekly}))"
    [letter] = ground.step("20 Feb 12:00", f"select join_at('2026-02-20 12:00Z', 1); {made}")
    assert "DTSTART:20260225T170000Z" in letter.ics
    assert "VTIMEZONE" not in letter.ics


def test_an_extra_meeting_does_not_make_the_series_begin_before_the_group_existed(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")

    [letter] = ground.step("13:00", "select meet(now(), '2026-02-17 18:00Z')")

    assert len(ground.starts("alice")) == 7
    assert ground.starts("alice") == ground.rows()
    assert "20260131" not in letter.ics
    assert letter.value("DTSTART") == "20260217T180000Z"


def test_every_two_weeks_is_said_as_that(ground: Ground) -> None:
    six = "select timestamptz '2026-02-07 12:00Z' + n * interval '14 days' from generate_series(0, 5) n"
    made = f"select meet('2026-02-04 12:00Z', variadic array({six}))"
    [letter] = ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); {made}")
    assert letter.value("RRULE") == "FREQ=WEEKLY;INTERVAL=2;COUNT=6"
    assert "EXDATE" not in letter.ics
    assert "weekly" not in letter.value("DESCRIPTION").lower()


def test_two_installations_use_different_uids_that_stay_the_same(
    server: Server, ready_template: str, tmp_path: Path
) -> None:
    uids: list[str] = []
    for name in ("one", "two"):
        with server.database() as url, db.connect(url) as connection:
            schema.create(connection, catch_up=True)
            ground = Ground.of(url, connection, tmp_path / name)
            [first] = ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
            [second] = ground.step("13:00", f"update meetings set {LATER} '1 hour'")
            assert first.value("UID") == second.value("UID")
            uids.append(first.value("UID"))
    assert len(set(uids)) == 2


def test_who_leaves_is_told_of_the_group_by_the_name_in_the_calendar(ground: Ground) -> None:
    three = "'2026-02-07 12:00Z', '2026-02-21 12:00Z', '2026-03-07 12:00Z'"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1, 2); select meet('2026-02-04 12:00Z', {three})")

    renamed = "update groups set group_name = 'Badgers'"
    left = "update groups_users set status = 'dropped', left_at = '2026-02-04 13:00Z' where user_id = 2"
    [cancel] = ground.step("13:00", f"{renamed}; {left}")

    assert (cancel.to, cancel.version) == ("bob@example.org", ("CANCEL", 1))
    assert "Otters" in cancel.subject
    assert "Otters" in cancel.value("SUMMARY")

    [update] = ground.step("14:00", f"update meetings set {LATER} '1 hour' where meeting_id = 2")
    assert update.to == "alice@example.org"
    assert "Badgers" in update.value("SUMMARY")
    assert "bob" not in update.value("DESCRIPTION")


def test_of_two_meetings_at_one_time_one_is_reminded_of_and_the_other_says_why(ground: Ground) -> None:
    three = "'2026-02-07 12:00Z', '2026-02-07 12:00Z', '2026-02-14 12:00Z'"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); select meet('2026-02-04 12:00Z', {three})")
    assert len(ground.starts("alice")) == 2

    letters = ground.step("6 Feb 12:00")
    assert [len(letters), len(ground.posts)] == [1, 1]

    window = Window(now=utc(6, 2, 12), within=timedelta(days=7), since=timedelta(days=7), user_ids=[1])
    types = ["meeting_reminder_24h"]
    found = due.find(ground.connection, window, ground.policy, types=types, verdicts=None, free_only=False)
    told = {one.delivery.meeting_id: (one.verdict, one.note) for one in found}
    assert told[1] == ("sent", None)
    assert told[2] == ("not_applicable", "meeting 1 is at the same time, and speaks for both")


# Updates and cancellations


def test_an_update_says_what_changed_in_the_readers_zone(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")

    moved = "update meetings set scheduled_time_utc = '2026-03-03 09:00Z' where meeting_id = 4"
    [letter] = ground.step("13:00", moved)

    news = "moved: 4. Saturday 28 February 13:00 → Tuesday 3 March 10:00"
    assert news in letter.text
    assert news in letter.html
    told = letter.text.split("Next meeting")[0]
    assert all(f"{day} February" not in told for day in (7, 14, 21))


def test_a_meeting_moved_to_now_is_shown_while_it_goes_on(ground: Ground) -> None:
    two = "'2026-02-07 12:00Z', '2026-02-14 12:00Z'"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); select meet('2026-02-04 12:00Z', {two})")
    ground.environment["NOTIFY_SETTLE_MINUTES"] = "5"

    moved = "update meetings set scheduled_time_utc = '2026-02-10 10:00Z' where meeting_id = 2"
    [letter] = ground.step("10 Feb 10:00", moved)

    assert (utc(10, 2, 10), HOUR) in [(start, length) for start, length, _ in ground.shown("alice")]
    assert "moved: 2. Saturday 14 February 13:00 → Tuesday 10 February 11:00" in letter.text
    assert "none planned" not in letter.text


def test_a_slip_that_is_corrected_in_time_is_no_mail(ground: Ground) -> None:
    ground.environment["NOTIFY_SETTLE_MINUTES"] = "5"
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    assert not ground.step("13:00", f"update meetings set {LATER} '1 day' where meeting_id = 3")
    assert not ground.step("13:02", f"update meetings set {LATER} '-1 day' where meeting_id = 3")
    assert not ground.step("13:10")


def test_a_change_goes_out_once_it_has_stood(ground: Ground) -> None:
    ground.environment["NOTIFY_SETTLE_MINUTES"] = "5"
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    assert not ground.step("13:00", f"update meetings set {LATER} '1 day' where meeting_id = 3")
    assert not ground.step("13:04")
    [letter] = ground.step("13:05")
    assert letter.version == ("REQUEST", 1)
    assert ground.starts("alice") == ground.rows()
    assert not ground.step("13:06")


def test_a_change_that_is_changed_again_goes_out_once_as_it_is_in_the_end(ground: Ground) -> None:
    ground.environment["NOTIFY_SETTLE_MINUTES"] = "5"
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    ground.step("13:00", f"update meetings set {LATER} '1 day' where meeting_id = 3")
    ground.step("13:03", f"update meetings set {LATER} '1 day' where meeting_id = 3")
    letters = [letter for minute in range(4, 12) for letter in ground.step(f"13:{minute:02}")]
    assert versions(letters) == [("alice", "REQUEST", 1)]
    assert ground.starts("alice") == ground.rows()


def test_a_changed_address_gets_the_series_and_the_old_one_a_cancellation(ground: Ground) -> None:
    three = "'2026-02-07 12:00Z', '2026-02-14 12:00Z', '2026-02-21 12:00Z'"
    ground.step("12:00", f"select join_at('2026-02-04 12:00Z', 1); select meet('2026-02-04 12:00Z', {three})")

    letters = ground.step("13:00", "update users set email = 'alice2@example.org' where user_id = 1")

    request, cancel = letters
    assert (cancel.to, cancel.value("METHOD")) == ("alice@example.org", "CANCEL")
    assert cancel.value("ATTENDEE") == "mailto:alice@example.org"
    assert (request.to, request.value("METHOD")) == ("alice2@example.org", "REQUEST")
    assert int(request.value("SEQUENCE")) > int(cancel.value("SEQUENCE")), "both may end up in one mailbox"
    assert "moved" not in request.text
    assert "address" in request.text
    assert ground.starts("alice") == []
    assert ground.starts("alice2") == ground.rows()
    assert not ground.step("13:10")

    [update] = ground.step("14:00", f"update meetings set {LATER} '1 day'")
    assert update.to == "alice2@example.org"


@pytest.mark.parametrize(
    ("change", "told", "untold"),
    [
        ("delete from meetings", "still in the group", "no longer in"),
        ("update groups_users set status = 'dropped', left_at = '2026-02-04 13:00Z'", "no longer in", "ended"),
        ("update groups set status = 'cancelled'", "ended", "no longer in"),
    ],
)
def test_a_cancellation_gives_the_true_reason(ground: Ground, change: str, told: str, untold: str) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    [letter] = ground.step("13:00", change)
    assert letter.version == ("CANCEL", 1)
    assert told in letter.text
    assert untold not in letter.text
    assert ground.starts("alice") == []


def test_a_direct_message_does_not_speak_of_an_email_that_does_not_go_out(ground: Ground) -> None:
    ground.step(
        "12:00",
        "update users set email_notifications_enabled = false, discord_id = '100000000000000001' where user_id = 1;"
        "select join_at('2026-02-04 12:00Z', 1); select six()",
    )
    [post] = ground.posts
    assert "email" not in str(post["body"])


@pytest.mark.parametrize("zone", [" Europe/Berlin ", "europe/berlin", "EUROPE/BERLIN"])
def test_blanks_and_the_case_of_letters_do_not_matter_in_a_zone(ground: Ground, zone: str) -> None:
    ground.connection.execute("update users set timezone = %s", [zone])
    letters = ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1, 2); select six()")
    assert len(letters) == 2
    assert all("13:00 CET" in letter.text for letter in letters)


# The log and the backup


def test_a_log_whose_rows_were_deleted_loses_no_calendar(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1, 2); select six()")
    ground.connection.execute("delete from reminder_recipients_log")
    ground.connection.execute("delete from reminders_log")

    moved = f"update meetings set {LATER} '1 day' where meeting_id = 5"
    left = "update groups_users set status = 'dropped', left_at = now() where user_id = 2"
    letters = ground.step("20 Feb 12:00", f"{moved}; {left}")

    assert versions(letters) == [("alice", "REQUEST", 1), ("bob", "CANCEL", 1)]


def assignment(ground: Ground, at: str) -> list[tuple[str, str]]:
    """What `explain` says of alice's group: verdict and reason."""
    entries = explain(ground.connection, ground.policy, 1, now=moment(at)).entries
    return [(entry.verdict, entry.reason) for entry in entries if entry.rule == "group_assigned"]


def test_a_channel_that_comes_after_a_week_is_when_people_are_told_of_their_group(ground: Ground) -> None:
    ground.connection.execute(
        b"update groups set discord_text_channel_id = null;"
        b"select join_at('2026-01-27 12:00Z', 1, 2); select meet('2026-01-27 12:00Z', '2026-02-14 12:00Z')"
    )
    assert not ground.step("12:00")

    [(verdict, reason)] = assignment(ground, "12:00")
    assert (verdict, "the group has no Discord channel" in reason) == ("not_applicable", True)

    ground.connection.execute("update groups set discord_text_channel_id = '900'")
    [(verdict, reason)] = assignment(ground, "12:10")
    assert (verdict, "email: goes out with the next sweep" in reason) == ("will_send", True), "they joined 8 days ago"
    letters = ground.step("12:10")

    assert [letter.subject for letter in letters] == ["You've been assigned to a group: Otters"] * 2
    assert versions(letters) == [("alice", "REQUEST", 0), ("bob", "REQUEST", 0)]
    assert not ground.step("11 Feb 12:00")


# After a restore


def test_numbers_go_on_above_what_calendars_have_seen_before_a_restore(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    ground.connection.execute("create table backup_calendars as table notify.calendars")
    ground.connection.execute("create table backup_log as table reminders_log")
    ground.step("13:00", f"update meetings set {LATER} '1 hour' where meeting_id = 3")
    ground.step("14:00", f"update meetings set {LATER} '1 hour' where meeting_id = 3")
    # Back to the moment after the invite, as to the rows of ours; the meeting stands where it stood then.
    ground.connection.execute(
        f"""
        delete from reminder_recipients_log; delete from reminders_log; delete from notify.calendars;
        insert into reminders_log table backup_log; insert into notify.calendars table backup_calendars;
        update meetings set {LATER} '-2 hours' where meeting_id = 3
        """.encode()
    )

    baseline.count(ground.connection, [], ground.policy)
    [letter] = ground.step("15:00", f"update meetings set {LATER} '1 day' where meeting_id = 3")

    assert letter.version[1] > 2
    assert ground.starts("alice") == ground.rows()


def test_what_counts_as_done_stays_as_it_is_until_the_meetings_change_again(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    ground.connection.execute(f"update meetings set {LATER} '1 hour' where meeting_id = 3".encode())
    at = utc(4, 2, 13)
    found = [one.delivery for one in due.find(ground.connection, Window(now=at), ground.policy)]
    assert len(baseline.count(ground.connection, found, ground.policy, now=at)) == 1

    assert not ground.step("13:00")
    assert not ground.step("14:00")
    [letter] = ground.step("15:00", f"update meetings set {LATER} '1 hour' where meeting_id = 5")
    assert ground.starts("alice") == ground.rows()
    assert letter.text.count("moved:") == 2


def test_a_baseline_that_is_taken_back_lets_the_update_go_out(ground: Ground) -> None:
    ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1); select six()")
    ground.connection.execute(f"update meetings set {LATER} '1 hour' where meeting_id = 3".encode())
    found = [one.delivery for one in due.find(ground.connection, Window(now=utc(4, 2, 13)), ground.policy)]
    baseline.count(ground.connection, found, ground.policy, now=utc(4, 2, 13))

    baseline.undo(ground.connection, rehearsal=True)

    assert versions(ground.step("14:00")) == [("alice", "REQUEST", 1001)]
    assert ground.starts("alice") == ground.rows()


# What people write


def test_names_are_no_markup_in_an_invite(ground: Ground) -> None:
    name = '<a href="https://bad.example/login">Confirm & sign &lt;in</a>'
    ground.connection.execute("update users set nickname = %s where user_id = 2", [name])
    ground.connection.execute("update groups set group_name = '<b>Otters</b>'")
    letters = ground.step("12:00", "select join_at('2026-02-04 12:00Z', 1, 2); select six()")
    letter = next(one for one in letters if one.to == "alice@example.org")
    for field in ("DESCRIPTION", "SUMMARY", "LOCATION"):
        text = letter.value(field)
        assert "<" not in text
        assert ">" not in text
        assert "&lt" not in text
    assert "Confirm & sign" in letter.value("DESCRIPTION")
    assert "://bad" not in letter.value("DESCRIPTION")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "file:///etc/passwd", "https://", "meet.example.org", "http://[x"]
)
def test_a_link_that_is_no_web_address_is_in_no_invite(ground: Ground, link: str) -> None:
    ground.connection.execute("select join_at('2026-02-04 12:00Z', 1); select six()")
    ground.connection.execute("update meetings set join_url = %s", [link])
    [letter] = ground.step("12:00")
    assert f"{link}\r" not in letter.ics
    assert letter.value("URL") == letter.value("LOCATION") == "https://discord.com/channels/1/900"
    assert letter.ics.count("BEGIN:VEVENT") == 1
