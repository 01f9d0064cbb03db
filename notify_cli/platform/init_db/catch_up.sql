-- Everything counts, however long ago it was due.
update notify.since set since = '0001-01-01 00:00:00+00';
