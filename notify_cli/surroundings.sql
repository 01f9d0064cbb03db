-- What differs from database to database: where the log is, and which optional views there are.
select
    place.*,
    array(
        select view from unnest(:views::text[]) as view
        where to_regclass('notify.' || view) is not null
    ) as optional
from (
    /* include log_schema */
) as place
