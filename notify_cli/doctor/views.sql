-- The views that messages are made from, as far as they are there, and whether this role may read them.
select distinct c.relation, has_table_privilege(to_regclass(c.relation), 'select') as may_read
from (/* include ../platform/contract */) as c (relation, "column", kind, need, definition)
where c.relation like 'notify.%' and c.relation <> 'notify.unusable' and to_regclass(c.relation) is not null
order by 1
