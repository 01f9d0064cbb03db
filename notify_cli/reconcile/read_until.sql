-- Up to which time each list was read.
select list, read_until from notify.reconciled
