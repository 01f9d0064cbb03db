-- Go on alone for so long; a lease of no length gives the turn to the next host.
update notify.throttle set next_at = clock_timestamp() + :lease::interval where name = 'init-db'
