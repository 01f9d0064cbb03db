(lower(to_jsonb(mb) ->> 'role') is not distinct from 'facilitator') = (t.audience = 'facilitators')
