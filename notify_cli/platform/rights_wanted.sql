-- What every command but init-db and uninstall does with the tables of notify and with the log.
values
    ('notify.throttle', '{select,insert,update}'),
    ('notify.dm_channels', '{select,insert,update,delete}'),
    ('notify.since', '{select,insert}'),
    ('notify.installation', '{select}'),
    ('notify.calendars', '{select,insert,update}'),
    ('notify.runs', '{select,insert,update,delete}'),
    ('notify.saved_views', '{select}'),
    ('notify.suppressions', '{select,insert,delete}'),
    ('notify.timing', '{select,insert,update}'),
    ('notify.reconciled', '{select,insert,update}'),
    ('reminders_log', '{select,insert,update,delete}'),
    ('reminder_recipients_log', '{select,insert,delete}')
