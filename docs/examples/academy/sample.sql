-- A few people of the academy, to try the views with: something is due for most of them at the moment this is run.
insert into academy.run (title) values ('Statistics');
insert into academy.pod (run_no, title, chat_channel) values (1, 'Owls', 900000000000000001);
insert into academy.account (display_name, mail, chat_id, zone, mail_off) values
    ('Ada', 'ada@example.org', 100000000000000001, 'Europe/Berlin', false),
    ('Ben', 'ben@example.org', 100000000000000002, 'America/New_York', true),
    ('Cleo', 'cleo@example.org', null, 'Asia/Tokyo', false),
    ('Dan', 'dan@example.org', null, null, false),
    ('Eve', 'eve@example.org', null, null, false),
    ('Fay', 'fay@example.org', null, null, false);
-- Ada, Ben (who leads it) and Dan are in the pod; Fay has signed up an hour ago; Cleo and Eve have not.
insert into academy.signup (account_no, run_no, signed_up_at, pod_no, in_pod_since, leads_pod)
select a.account_no, 1, now() - interval '60 days', 1, now() - interval '50 days', a.display_name = 'Ben'
from academy.account a
where a.display_name in ('Ada', 'Ben', 'Dan');
insert into academy.signup (account_no, run_no, signed_up_at) values (6, 1, now() - interval '1 hour');
-- The pod meets in 23 hours, and again a week later. Dan is not coming, Cleo visits.
insert into academy.sitting (pod_no, scheduled_at, minutes, room, entered_at)
select 1, now() + interval '23 hours' + week * interval '7 days', 90, 'https://rooms.example.org/owls', now() - interval '40 days'
from generate_series(0, 1) as week;
insert into academy.visit values (1, 4, 'no', false), (1, 3, 'yes', true);
-- Ada has done one of two sections and wants no chat about them; Ben has done none. Eve has tried one, without signing up.
insert into academy.section_progress values
    (1, 'mean', now() - interval '9 days', now() - interval '8 days'),
    (5, 'mean', now() - interval '25 hours', null);
insert into academy.mute values (1, 'lesson_nudge_1d', 'chat');
