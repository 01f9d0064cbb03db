-- From when on each message type goes out by itself.
select reminder_type, since from notify.since
