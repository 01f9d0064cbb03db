"""What is left of words when people are taken out of them."""

from __future__ import annotations

import pytest

from notify_cli.page.redaction import Redaction


@pytest.mark.parametrize(
    ("words", "left"),
    [
        ("Alice Liddell has switched emails off", "a reader has switched emails off"),
        ("alice@example.org: no such mailbox", "reader@example.org: no such mailbox"),
        ("mail to <bob@example.net>, refused", "mail to <reader@example.org>, refused"),
        ("person 12, 15 and 3 more: no name", "person … more: no name"),
        ("user_7 is gone; user 8 too", "user_… is gone; user … too"),
        ("notify send group_assigned --user 1 does it", "notify send group_assigned --user … does it"),
        ("channel 900000000000000001", "channel …"),
        ("/home/alice/notify/messages.yaml", "~/notify/messages.yaml"),
        ("Alicia is somebody else, the Liddells too", "Alicia is somebody else, the Liddells too"),
        ("550 mailbox full, try in 15 minutes", "550 mailbox full, try in 15 minutes"),
    ],
)
def test_people_are_taken_out_and_the_rest_stays(words: str, left: str) -> None:
    redaction = Redaction(on=True)
    redaction.know(["Alice Liddell", "", None, " "])
    assert redaction.words(words) == left
    assert Redaction(on=False).words(words) == words


def test_a_name_that_is_a_pattern_is_taken_as_it_is() -> None:
    redaction = Redaction(on=True)
    redaction.know(["(.*)", "A+", "a|b"])
    assert (
        redaction.words("(.*) wrote to A+ and a|b, not to AA") == "a reader wrote to a reader and a reader, not to AA"
    )


def test_the_longer_of_two_names_goes_first() -> None:
    redaction = Redaction(on=True)
    redaction.know(["Ann"])
    redaction.know(["Ann Other"])
    assert redaction.words("Ann Other and Ann") == "a reader and a reader"
