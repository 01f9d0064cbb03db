-- When the views were taken away for a migration of the platform; no row while they are there.
select saved_at from notify.saved_views order by saved_at limit 1
