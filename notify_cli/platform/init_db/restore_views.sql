-- What was saved of the views: the owner and the rights of each, and the definitions of those that are not there again.
do $restore$
declare
    saved record;
    done text;
    faults text[] := '{}';
begin
    for saved in select * from notify.saved_views order by position, name loop
        begin
            if to_regclass(format('notify.%I', saved.name)) is null then
                execute format('create view notify.%I %s as %s', saved.name, 'with (' || saved.options || ')', saved.definition);
                execute format('comment on view notify.%I is %L', saved.name, saved.comment);
            end if;
            foreach done in array format('alter view notify.%I owner to %I', saved.name, saved.owner) || saved.rights loop
                begin
                    execute done;
                exception when undefined_object or insufficient_privilege then
                    null; -- the role is gone, or not one that we may give something to
                end;
            end loop;
        exception when undefined_table or undefined_column or undefined_function or datatype_mismatch then
            -- one of ours follows the release, and may stand on tables that are not there any more
            continue when saved.comment = :'mark';
            faults := faults || format('notify.%s, as it was before --drop-views: %s', saved.name, sqlerrm);
        end;
    end loop;
    if faults <> '{}' then
        raise exception using errcode = 'undefined_table', message = array_to_string(faults, ', ');
    end if;
    delete from notify.saved_views;
end $restore$;
