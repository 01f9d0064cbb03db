-- Until the transaction ends, every table is read from end to end, with what is looked for as its filter.
select set_config(name, case when name = 'timezone' then 'UTC' else 'off' end, true)
from unnest('{enable_indexscan,enable_indexonlyscan,enable_bitmapscan,timezone}'::text[]) as name
