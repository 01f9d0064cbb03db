-- The indexes: psql runs what this statement finds, one by one.
select s.statement
from (/* include ../indexes */) as i
cross join lateral unnest(array[case when i.broken then i.remove end, i.make]) with ordinality as s (statement, place)
where not i.ready and i.makeable and s.statement is not null
\gexec
