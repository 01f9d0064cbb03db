"""Standard input, output and error: closed, full or of an old encoding, they are not in the way of the job."""

from __future__ import annotations

import io
import os
import sys

_STANDARD = 2  # the last of the file descriptors 0, 1 and 2


class Stream(io.FileIO):
    """A file descriptor to write to, to the end of the process. What it does not take is dropped.

    `failure` is the first error, unless it was a reader of our output that had seen enough.
    """

    failure: OSError | None = None

    def write(self, data: object, /) -> int:
        """Write what can be written, and go on as if it had been all."""
        try:
            written = super().write(data)  # type: ignore[arg-type]
        except BrokenPipeError:
            written = None
        except OSError as error:
            self.failure = self.failure or error
            written = None
        return len(memoryview(data)) if written is None else written  # type: ignore[arg-type]


def secure() -> None:
    """Put standard streams in place that never fail.

    A closed one becomes /dev/null, lest the next file or socket that is opened gets its number and what we print. A
    character that the encoding does not have is shown as `?`.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        pass
    os.close(opened)
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stdout = _secured(sys.stdout, 1)
    sys.stderr = _secured(sys.stderr, 2)


def close() -> str | None:
    """Write out what is in memory. Returns why some of what was printed on stdout was lost, None if nothing was."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    failure = raw.failure if isinstance(raw, Stream) else None
    return None if failure is None else failure.strerror or type(failure).__name__


def _secured(stream: object, number: int) -> io.TextIOWrapper:
    if not isinstance(stream, io.TextIOWrapper):  # None: it was closed
        raw = Stream(os.open(os.devnull, os.O_WRONLY), "w")
        return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8")
    stream.flush()
    raw = Stream(number, "w", closefd=False)
    replacing = stream.errors if stream.errors not in ("strict", "surrogateescape") else "replace"
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors=replacing,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
