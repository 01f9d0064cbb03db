-- When the provider's lists were last read, and whether that is too long ago.
select max(read_until) as last, coalesce(max(read_until) < now() - interval '2 days', true) as old
from notify.reconciled
