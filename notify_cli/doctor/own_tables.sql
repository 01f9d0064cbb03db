-- The tables of ours that are missing.
select w.relation
from (/* include ../platform/rights_wanted */) as w (relation, rights)
where w.relation like 'notify.%' and to_regclass(w.relation) is null
order by 1
