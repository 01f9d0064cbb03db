"""How fast it is, measured against a real PostgreSQL and local fakes: `python -m bench`."""
