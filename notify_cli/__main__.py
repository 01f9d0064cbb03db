"""`python -m notify_cli`: the command line, for where the `notify` script is not on the path."""

from notify_cli.cli import main

main()
