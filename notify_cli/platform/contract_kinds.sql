-- Which types a column of each kind may have: by name, or by category ('S' are all strings, 'E' all enums).
values
    ('id', '{int2,int4,int8}'::text[], '{}'::text[], 'integer or bigint'),
    ('count', '{int2,int4}', '{}', 'integer'),
    ('boolean', '{bool}', '{}', 'boolean'),
    ('moment', '{timestamptz}', '{}', 'timestamp with time zone'),
    ('text', '{}', '{S}', 'text'),
    ('label', '{}', '{S,E}', 'an enum or text'),
    ('uuid', '{uuid}', '{}', 'uuid'),
    ('jsonb', '{jsonb}', '{}', 'jsonb')
