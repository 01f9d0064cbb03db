"""The command line: which commands there are, and how every error becomes a line and an exit code."""

from __future__ import annotations

import gc
import os
import re
import sys
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from notify_cli import __version__, display
from notify_cli.cli import streams
from notify_cli.cli.arguments import globals_first
from notify_cli.cli.session import session
from notify_cli.errors import EXIT_INTERRUPTED, EXIT_OK, EXIT_TEMPORARY, EXIT_USAGE, NotifyError

_NEW_OBJECTS = 20_000  # after which garbage is looked for

# Every command: its module here, its function, an example for its help.
_COMMANDS = {
    "sweep-due": ("sending", "sweep_due", "notify sweep-due --dry-run --now 2026-02-04T15:00Z"),
    "send": ("manual", "send", "notify send welcome --user Alice --at 'tomorrow 9:00' --dry-run"),
    "cancel": ("cancelling", "cancel", "notify cancel 'meeting_456_*'"),
    "baseline": ("baseline", "baseline", "notify baseline --dry-run"),
    "preview": ("previewing", "preview", "notify preview welcome --user Alice"),
    "page": ("paging", "page", "notify page pages/alice --user Alice"),
    "upcoming": ("looking", "upcoming", "notify upcoming --within 2d --group Otters"),
    "log": ("looking", "log", "notify log --status failed --since 1d"),
    "show": ("showing", "show", "notify show 1234 --json"),
    "explain": ("looking", "explain", "notify explain --user alice@example.org"),
    "status": ("watching", "status", "notify status --prometheus"),
    "forecast": ("forecasting", "forecast", "notify forecast --messages edited.yaml --within 7d"),
    "prune": ("pruning", "prune", "notify prune --older-than 52w --dry-run"),
    "audit": ("auditing", "audit", "notify audit --since 1d"),
    "reconcile": ("reconciling", "reconcile", "notify reconcile --json"),
    "doctor": ("setup", "doctor", "notify --env-file /etc/notify.env doctor"),
    "init-db": ("setup", "init_db", "notify init-db --print | less"),
    "uninstall": ("setup", "uninstall", "notify uninstall"),
    "demo": ("setup", "demo", "notify demo && notify --demo explain --user 3"),
}


class _Commands(TyperGroup):
    """Imports and builds a command when it is called: a sweep every minute must not pay for all the others."""

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        """Options of every command may stand behind it: when it is run, and when the shell completes its words."""
        return super().make_context(info_name, globals_first(args), parent, **extra)

    def list_commands(self, ctx: object) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: object, cmd_name: str) -> Any:
        if cmd_name in _COMMANDS and cmd_name not in self.commands:
            self.commands[cmd_name] = _command(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _summary(name)) for name in _COMMANDS])

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args[0] not in _COMMANDS:  # all, for the suggestion of what may have been meant
            self.commands = {name: self.get_command(ctx, name) for name in _COMMANDS}
        return super().resolve_command(ctx, args)


def _summary(name: str) -> str:
    """The first line of what a command says of itself, without importing it: a list of all need not load them all."""
    module, function, _ = _COMMANDS[name]
    source = Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8")
    found = re.search(rf'^def {function}\(.*?"""(.*?)(?:\n|""")', source, re.DOTALL | re.MULTILINE)
    return found.group(1) if found else ""


def _command(name: str) -> Any:
    module, function, example = _COMMANDS[name]
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name, epilog=f"Example: {example}")(getattr(import_module(f"notify_cli.cli.{module}"), function))
    return typer.main.get_command(alone)


app = typer.Typer(
    cls=_Commands,
    name="notify",
    help="Sends a course platform's people what they need in time, by email and Discord.",
    invoke_without_command=True,
    epilog="These options may stand behind the command too. notify help COMMAND tells more of one.",
    # Plain help and plain errors: they are read in crontab mails too, and rich costs an idle run a tenth.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def _global(
    context: typer.Context,
    env_file: Annotated[
        Path | None,
        typer.Option(envvar="NOTIFY_ENV_FILE", help="Settings, over which the environment wins.", metavar="FILE"),
    ] = None,
    demo: Annotated[bool, typer.Option("--demo", help="Run on the sample course (see: notify demo).")] = False,
    verbose: Annotated[bool, typer.Option("-v", "--verbose", help="Say more; show tracebacks.")] = False,
    version: Annotated[bool, typer.Option("--version", "-V", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(f"notify {__version__}")
        raise typer.Exit
    session.env_file, session.demo, session.verbose = env_file, demo, verbose
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(EXIT_USAGE)
    # Help must not start a database.
    if demo and context.invoked_subcommand != "demo" and not {"-h", "--help"} & set(sys.argv):
        session.enter_demo()


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the command line and leave the process at once."""
    # What a command loads is never garbage: to look for some after every 700 new objects costs it a tenth of its time.
    gc.set_threshold(_NEW_OBJECTS)
    streams.secure()
    code = run(sys.argv[1:] if arguments is None else arguments)
    lost = streams.close()
    if lost:
        display.errors([f"not all of the output could be written: {lost}"])
        code = code or EXIT_TEMPORARY
    # Tearing the interpreter down costs an idle run a quarter of its time and has nothing left to save; and a request
    # that hangs in a worker thread must not hold up the exit.
    os._exit(code)


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code; every expected error becomes a line on stderr."""
    command = typer.main.get_command(app)
    try:
        result = command.main(args=arguments, prog_name="notify", standalone_mode=False)
    except typer.TyperException as error:
        display.errors([_usage(error)])
        return EXIT_USAGE
    except (typer.Abort, KeyboardInterrupt):
        display.errors(["interrupted"])
        return EXIT_INTERRUPTED
    except NotifyError as error:
        if session.verbose:
            display.traceback(error, session.secrets)
        display.errors(error.lines)
        return error.exit_code
    except SystemExit:  # the shell was told its completions, or the reader of our output has seen enough
        return EXIT_OK
    except Exception as error:  # noqa: BLE001 - the last resort: a bug is a line too, with the way to see more
        return _bug(error)
    finally:
        session.close()
    return result if isinstance(result, int) else EXIT_OK


def _usage(error: typer.TyperException) -> str:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "notify"
    message = " ".join(error.format_message().split())
    return f"{message.rstrip('.')} (see: {command} --help)"


def _bug(error: Exception) -> int:
    if session.verbose:
        display.traceback(error, session.secrets)
    else:
        display.errors([f"unexpected {type(error).__name__}: run again with -v, and report what it shows"])
    return EXIT_TEMPORARY
