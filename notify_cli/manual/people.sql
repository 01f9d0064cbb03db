-- Which of these people have an account.
select p.user_id from notify.people p where p.user_id = any(:user_ids::bigint[])
