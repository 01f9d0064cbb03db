"""Platforms of any size, made by PostgreSQL itself: people, groups and meetings by generate_series."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from notify_cli import db, due

MEMBERS = 5  # of a study group
MEETINGS = 8  # that a group holds

_CROWD = """
    insert into courses (course_id, course_name) values (1, 'AI Safety') on conflict do nothing;
    insert into cohorts (cohort_id, cohort_name, course_id, status) values (1, 'Winter', 1, 'active')
        on conflict do nothing;
    insert into users (user_id, nickname, email, discord_id, timezone)
    select i, 'Person ' || i, 'person' || i || '@example.org', 100000000000000000 + i, 'Europe/Berlin'
    from generate_series({members} * ({first} - 1) + 1, {members} * {last}) as i;
    insert into groups (group_id, group_name, cohort_id, status, discord_text_channel_id)
    select g, 'Group ' || g, 1, 'active', case when {channels} then 900000000000000000 + g end
    from generate_series({first}, {last}) as g;
    insert into groups_users (group_id, user_id, status, joined_at)
    select g, {members} * (g - 1) + k, 'active', now() - interval '2 years'
    from generate_series({first}, {last}) as g cross join generate_series(1, {members}) as k
"""

_HISTORY = """
    insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
    select g, 1, 1, now() - interval '30 days' - g * interval '1 minute' - week * interval '7 days',
        now() - interval '2 years'
    from generate_series(1, {groups}) as g cross join generate_series(1, {meetings}) as week;
    insert into lesson_sessions (user_id, lesson_id, started_at, completed_at)
    select {members} * (g - 1) + 1 + week % {members}, 'lesson-' || week,
        now() - interval '31 days' - g * interval '1 minute' - week * interval '7 days', now() - interval '30 days'
    from generate_series(1, {groups}) as g cross join generate_series(1, {meetings}) as week;
    with logged as (
        insert into reminders_log (
            message, reminder_type, delivery_method, delivery_status, job_id, notification_key,
            due_at, useful_until, sent_at, created_at, attempts
        )
        select
            'Your study group meets soon.', 'meeting_reminder_24h', 'email', 'delivered',
            format('meeting_%s_reminder_24h', m.meeting_id),
            format('meeting_%s_reminder_24h/%s/email/user_%s', m.meeting_id,
                to_char(m.scheduled_time_utc, 'YYYYMMDD"T"HH24MISS"Z"'), {members} * (m.group_id - 1) + 1),
            m.scheduled_time_utc - interval '24 hours', m.scheduled_time_utc - interval '18 hours',
            m.scheduled_time_utc - interval '24 hours', m.scheduled_time_utc - interval '24 hours', 1
        from meetings m where m.scheduled_time_utc < now()
        returning reminder_id
    )
    insert into reminder_recipients_log (reminder_id, user_id) select reminder_id, 1 from logged;
    -- the present: groups that meet again in five days, so that nobody is due anything now
    insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
    select g, 1, 1, now() + interval '5 days' + week * interval '7 days', now() - interval '2 years'
    from generate_series(1, {current}) as g cross join generate_series(0, 3) as week
"""


_CALENDARS = """
    insert into notify.calendars (
        group_id, user_id, revision, uid, sequence, method, medium, reminder_type, address, group_name, dtstamp, until,
        live_until, meeting_ids, numbers, starts, minutes, links, plan, contact, possible_at
    )
    select
        mb.group_id, mb.user_id, 1, format('group-%s-user-%s@example.org', mb.group_id, mb.user_id), 0,
        'REQUEST', 'email', 'group_assigned', p.email, g.group_name, now(), m.ends_at,
        m.ends_at, m.ids, m.numbers, m.starts, m.minutes, m.links, null, null, mb.joined_at
    from notify.members mb
    join notify.people p on p.user_id = mb.user_id
    join notify.groups g on g.group_id = mb.group_id
    join (
        select
            m.group_id, max(m.starts_at) + {minutes} * interval '1 minute' as ends_at, array_agg(m.meeting_id) as ids,
            array_agg(m.place) as numbers, array_agg(m.starts_at) as starts, array_agg({minutes}) as minutes,
            array_agg(null::text) as links
        from (
            select m.*, rank() over (partition by m.group_id order by m.starts_at)::int as place
            from notify.meetings m
        ) as m
        group by m.group_id
    ) as m on m.group_id = mb.group_id;
"""


def crowd(connection: db.Connection, groups: int, *, first: int = 1, channels: bool = True) -> None:
    """So many groups of five, numbered from `first`, in one course since long ago; nothing is due."""
    _run(connection, _CROWD, first=first, last=first + groups - 1, members=MEMBERS, channels=channels)


def history(superuser: db.Connection, meetings: int, *, current: int) -> None:
    """So many past meetings, each with a lesson session and a row of the log, in groups of eight meetings each.

    `current` of the groups go on, with nothing due for the next day. Foreign keys are not checked and the indexes of
    init-db are gone afterwards: it makes them again.
    """
    groups = max(meetings // MEETINGS, current)
    superuser.execute("set session_replication_role = replica")
    ours = r"""
        select indexname from pg_indexes
        where indexname like 'notify%' or tablename like 'reminder%' and indexname like '%\_idx'
    """
    for (name,) in superuser.execute(ours).fetchall():
        superuser.execute(f"drop index {name}".encode())
    crowd(superuser, groups)
    _run(superuser, _HISTORY, groups=groups, meetings=MEETINGS, members=MEMBERS, current=current)


def calendars(connection: db.Connection, minutes: int) -> None:
    """Every member of every group holds its meetings of so many minutes, as a sweep leaves them."""
    _run(connection, _CALENDARS, minutes=minutes)
    connection.execute("analyze")
    policy = due.Policy(meeting_minutes=minutes)
    looked = due.look(connection, due.Window(), policy)
    due.note(connection, looked, policy)
    connection.execute("vacuum analyze")


def meet(connection: db.Connection, groups: int, *, within: timedelta, first: int = 1) -> None:
    """Each of the groups meets that far from now: within an hour or a day its reminder is due."""
    connection.execute(
        """
        insert into meetings (group_id, cohort_id, course_id, scheduled_time_utc, created_at)
        select g, 1, 1, now() + %s, now() - interval '60 days' from generate_series(%s::int, %s::int) as g
        """,
        [within, first, first + groups - 1],
    )
    connection.execute("analyze")


def enrol(connection: db.Connection, people: int) -> None:
    """The first so many people have just enrolled: each is due a welcome, by email and by DM."""
    connection.execute(
        """
        insert into courses_users (user_id, course_id, cohort_id, created_at)
        select i, 1, 1, now() - interval '1 minute' from generate_series(1, %s::int) as i
        """,
        [people],
    )
    connection.execute("analyze")


def _run(connection: db.Connection, script: str, **numbers: Any) -> None:
    for statement in script.format(**numbers).split(";\n"):
        connection.execute(statement.encode())
