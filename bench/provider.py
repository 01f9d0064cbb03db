"""A fake provider as a process of its own: `python -m bench.provider sendgrid --latency 0.05 --record FILE`.

It is the test suite's strict fake; `--tls FOLDER` puts it behind a certificate that is written there. The record has a
line per request.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.fakes.discord import FakeDiscord
from tests.support.fakes.http import options, tls_context
from tests.support.fakes.sendgrid import FakeSendGrid

CERTIFICATE = "fake-cert.pem"


def main() -> None:
    """Serve until ended."""
    parser = options(__doc__ or "")
    parser.add_argument("which", choices=["sendgrid", "discord"])
    parser.add_argument("--tls", type=Path)
    chosen = parser.parse_args()
    tls = tls_context(chosen.tls)[0] if chosen.tls else None
    if chosen.which == "sendgrid":
        FakeSendGrid(latency=chosen.latency, record=chosen.record, tls=tls).serve_forever()
    else:
        # Five messages in five seconds per channel: what Discord allows.
        FakeDiscord(latency=chosen.latency, record=chosen.record, message_limit=(5, 5.0)).serve_forever()


if __name__ == "__main__":
    main()
