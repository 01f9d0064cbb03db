"""The providers as real HTTP servers on the loopback, as strict as the real ones and as hostile as a test asks."""
