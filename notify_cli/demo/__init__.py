"""A whole course platform to try the tool on: an embedded PostgreSQL, sample people, an outbox."""
