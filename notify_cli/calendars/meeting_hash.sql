-- A meeting in an integer: another start, length or link gives another. No operator here can overflow.
hashint8(
    (timestamp_hash(m.starts_at at time zone 'UTC')::bigint << 32)
    # coalesce(hashtext(m.join_url), 0)::bigint
    # coalesce(m.duration_minutes, :meeting_minutes::int)::bigint
)
