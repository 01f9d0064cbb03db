-- A meeting in an integer: another start, length or link gives another. No operator here can overflow.
hashint8(
    (interval_hash(m.starts_at - timestamptz '2000-01-01 00:00:00+00')::bigint << 32)
    # coalesce(hashtext(m.join_url), 0)::bigint
    # coalesce(m.duration_minutes, :meeting_minutes::int)::bigint
)
