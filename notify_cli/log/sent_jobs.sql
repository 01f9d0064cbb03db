-- What was sent of some jobs: to how many recipients, the last one when.
select
    count(distinct split_part(l.notification_key, '/', 4)) as recipients,
    max(l.sent_at) as last
from (/* include /log/own */) as l
where l.delivery_status = 'delivered' and l.notification_key is not null and l.job_id like :job_pattern::text
