-- What messages call a person p: "there" where a platform's own view gives no name, as the shipped one does.
coalesce(nullif(btrim(p.name, E' \t\r\n'), ''), 'there')
