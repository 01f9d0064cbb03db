-- The columns of a table or view, none where there is no such thing.
select a.attname as name, a.attnotnull as is_required
from pg_attribute a
where a.attrelid = to_regclass(:relation::text) and a.attnum > 0 and not a.attisdropped
