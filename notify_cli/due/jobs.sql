-- Every job of the rules and of stored messages.
select distinct job_id, occurrence, reminder_type
from (/* rules */) as candidate
order by job_id, occurrence
