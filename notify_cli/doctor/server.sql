-- The server's clock and version, and whether it can be written to.
select
    clock_timestamp() as now,
    current_setting('server_version_num')::int as version,
    current_user as role,
    current_setting('transaction_read_only')::boolean as read_only,
    pg_is_in_recovery() as standby
