-- What was saved with the views: the rights granted on them, and the definitions of those that are not there again.
do $restore$
declare
    saved record;
    right_granted text;
    faults text[] := '{}';
begin
    for saved in select * from notify.saved_views order by position, name loop
        begin
            if to_regclass(format('notify.%I', saved.name)) is null then
                execute format('create view notify.%I %s as %s', saved.name, 'with (' || saved.options || ')', saved.definition);
                execute format('comment on view notify.%I is %L', saved.name, saved.comment);
            end if;
            foreach right_granted in array saved.rights loop
                begin
                    execute right_granted;
                exception when undefined_object then
                    null; -- the role is gone
                end;
            end loop;
        exception when undefined_table or undefined_column or undefined_function or datatype_mismatch then
            faults := faults || format('notify.%s, as it was before --drop-views: %s', saved.name, sqlerrm);
        end;
    end loop;
    if faults <> '{}' then
        raise exception using errcode = 'undefined_table', message = array_to_string(faults, ', ');
    end if;
    delete from notify.saved_views;
end $restore$;
