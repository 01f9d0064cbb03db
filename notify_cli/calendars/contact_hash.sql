-- The ways to reach a person, and whether they are in the group now, in an integer that also says who it is. Who it is and
-- whether they are in go through one hash: by one bit, two who leave at once could make up for each other in a sum.
hashint8(
    (
        (coalesce(hashtext(case when p.email_enabled then p.email end), 0)::bigint << 32)
        # coalesce(hashtext(case when p.dm_enabled then p.discord_id end), 0)::bigint
    ) # hashint8extended(p.user_id, case when mb.active then 1 else 0 end)
)
