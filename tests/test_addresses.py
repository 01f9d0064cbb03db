"""Email addresses: which of them can exist in public mail, and how they stand on the wire."""

from __future__ import annotations

import pytest

from notify_cli import addresses, config
from notify_cli.errors import ConfigError


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.org",
        "a.b+c_d-e'f@sub.example.org",
        "alice@bücher.example",
        "ålice@example.org",
        "用户@例子.测试",
        "a@b.co",
        f"{'a' * 64}@example.org",
        "a@1.example",
    ],
)
def test_an_address_of_public_mail_is_one(address: str) -> None:
    assert addresses.fault(address) is None


@pytest.mark.parametrize(
    "address",
    [
        *("", "@", "alice", "alice@", "@example.org", "a@b@example.org", "alice@example.org "),
        *(".dot@example.org", "dot.@example.org", "a..b@example.org"),
        *("alice@example.", "alice@.org", "alice@a..b"),
        *("alice@-a.example", "alice@a-.example", "alice@192.168.0.1", "alice@[192.168.0.1]"),
        *("alice@example.org\t", "al ice@example.org", "al\u00a0ice@example.org", "al\u200bice@example.org"),
        *(
            '"alice"@example.org',
            "a,b@example.org",
            "<alice@example.org>",
            "a\r\nBcc: b@example.org",
            "\ud800@b.example",
        ),
        *(f"{'a' * 65}@example.org", f"a@{'b' * 64}.example", f"a@{'b.' * 130}example"),
    ],
)
def test_an_address_that_no_server_takes_is_a_fault(address: str) -> None:
    assert addresses.fault(address)


@pytest.mark.parametrize("address", ["alice@localhost", "alice@example"])
def test_an_address_without_a_dot_is_none_of_public_mail(address: str) -> None:
    assert addresses.fault(address) is None
    assert addresses.fault(address, public=True)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("alice@example.org", "alice@example.org"),
        ("alice@bücher.example", "alice@xn--bcher-kva.example"),
        ("alice@BÜCHER.example", "alice@xn--bcher-kva.example"),
        # IDNA 2003 makes of it the domain of somebody else, fass.example.
        ("alice@faß.example", "alice@xn--fa-hia.example"),
        ("ålice@例子.测试", "ålice@xn--fsqu00a.xn--0zwm56d"),
    ],
)
def test_an_international_domain_is_encoded(address: str, expected: str) -> None:
    assert addresses.on_the_wire(address) == expected


def test_a_domain_that_has_no_encoding_is_a_fault() -> None:
    with pytest.raises(ValueError, match="cannot exist"):
        addresses.on_the_wire("alice@a\u0301\u0301\u200d\u0301.example")


@pytest.mark.parametrize("variable", ["FROM_EMAIL", "REPLY_TO", "NOTIFY_REDIRECT_EMAIL"])
@pytest.mark.parametrize("address", ["course@localhost", "course@example", "a..b@example.org"])
def test_a_sender_that_no_provider_takes_is_a_fault_of_the_settings(variable: str, address: str) -> None:
    with pytest.raises(ConfigError, match=rf"^{variable} is not an .*address"):
        config.load({variable: address})


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        *((host, True) for host in ("localhost", "mail.localhost", "127.0.0.1", "127.1.2.3", "::1")),
        *((host, False) for host in ("", "example.org", "localhost.example.org", "10.0.0.1", "::2")),
    ],
)
def test_what_is_this_machine_itself(host: str, expected: bool) -> None:
    assert addresses.is_this_machine(host) is expected
