"""notify: sends a course platform's people what they need in time, by email and Discord."""

__version__ = "0.1.0"
