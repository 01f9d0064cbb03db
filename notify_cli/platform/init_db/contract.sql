-- Refuse what does not fit, and with it all of the above.
do $contract$
declare
    faults constant text := (select string_agg(f.fault, E'\n') from (/* include ../contract_faults */) as f);
begin
    if faults is not null then
        raise exception '%', faults;
    end if;
end $contract$;
