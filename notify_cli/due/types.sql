-- The message types, a row for each: what the registry says of it, and the `send` lines of the messages file as
-- messages/timing.py reads them. A type that nobody times has no due and no until: its rule knows.
--
--   rule            the file in rules/ that finds to whom and when
--   due, until      interval  from what the rule counts from: a meeting's start, joining, signup, the start of a trial lesson
--   due_at_end      boolean   counted from the end of the meeting instead; until_at_end the same
--   audience        text      members, or those of them who are facilitators, or who are not: learners
--   share           int       percentage of the meeting's lessons below which somebody gets it; null: lessons do not matter
--   absorbs         text      the type whose content this one has too
--   courses         text[]    names in lower case; null: every course
select *
from jsonb_to_recordset(:message_types::jsonb) as t (
    name text, rule text, subject text, job text, methods text[], outlives_group boolean,
    due interval, until interval, due_at_end boolean, until_at_end boolean, audience text, share int, courses text[],
    absorbs text
)
