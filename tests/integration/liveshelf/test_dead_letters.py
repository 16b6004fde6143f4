"""`liveshelf db dead-letters`: chosen, read, and taken in again."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from contract.errors import ConfigurationError
from database.connection import connect
from liveshelf.db import app
from liveshelf.dead_letters import payload_lines

pytestmark = pytest.mark.database

LETTER = """
INSERT INTO dead_letter (topic, device, reason, detail, payload, payload_bytes, payload_hash, first_at, last_at)
VALUES (%s, %s, %s, 'why', %s, %s, md5(random()::text), '2026-01-01', '2026-01-01')
"""
STATE = b'{"device":"bay-1","online":true,"journal":"","v":1}'


@pytest.fixture
def letters(database_url: str) -> str:
    """Three: a state that reads well by now, garbage, and one that was cut."""
    with connect(database_url) as connection:
        for topic, device, reason, payload, size in (
            ("liveshelf/v1/corner/bay-1/state", "bay-1", "unreadable", STATE, len(STATE)),
            ("liveshelf/v1/corner/bay-2/readings", "bay-2", "bad_body", b'{"v":1,', 7),
            ("liveshelf/v1/kiosk/bay-3/readings", "bay-3", "oversized", b"[" * 65_536, 70_000),
        ):
            connection.execute(LETTER, [topic, device, reason, payload, size])
    return database_url


def run(*arguments: str, url: str) -> Result:
    environ = {"LIVESHELF_DATABASE_URL": url, "COLUMNS": "200"}
    return CliRunner().invoke(app, ["dead-letters", *arguments], env=environ, catch_exceptions=False)


@pytest.mark.parametrize(
    ("chosen", "devices"),
    [
        ([], {"bay-1", "bay-2", "bay-3"}),
        (["--reason", "bad_body"], {"bay-2"}),
        (["--device", "bay-3"], {"bay-3"}),
        (["--store", "corner"], {"bay-1", "bay-2"}),
        (["--store", "corner", "--reason", "oversized"], set()),
    ],
)
def test_letters_are_listed_by_reason_device_and_store(letters: str, chosen: list[str], devices: set[str]) -> None:
    told = run(*chosen, url=letters).output
    assert {device for device in ("bay-1", "bay-2", "bay-3") if device in told} == devices


def test_one_letter_is_shown_with_the_place_where_it_breaks(letters: str) -> None:
    assert "breaks   at byte 7" in run("2", url=letters).output
    assert "the first 65536 were kept: it cannot be replayed" in run("show", "3", url=letters).output


def test_a_replay_settles_what_it_can_and_says_what_stays(letters: str) -> None:
    told = run("replay", "--all", url=letters)
    assert told.exit_code == 1
    first, second, third, summed_up = told.output.splitlines()
    assert first.startswith("1: readable now")
    assert second.startswith("2: stays: unreadable: ")
    assert third.startswith("3: stays: truncated: ")
    assert summed_up == "0 records taken in, 2 letters stay"
    assert "bay-1" not in run(url=letters).output
    assert "bay-1" in run("--replayed", url=letters).output
    assert run("replay", "1", url=letters).exit_code == 0


def test_a_replay_of_nothing_in_particular_is_refused(letters: str) -> None:
    with pytest.raises(ConfigurationError, match="expected one of NUMBER, --reason and --all"):
        run("replay", url=letters)


def test_columns_of_a_payload_stand_on_a_line_each() -> None:
    assert list(payload_lines(b'{"v":1,"blocks":{"weight":{"seq":[1,2],"plate":["a","\\u001b[31m"]}}}')) == [
        "v: 1",
        "blocks:",
        "  weight:",
        "    seq: [1, 2]",
        '    plate: ["a", "\\u001b[31m"]',
    ]


def test_bytes_that_are_no_text_and_nests_without_end_are_told_too() -> None:
    assert next(payload_lines(b"ab\xff")).startswith("breaks   at byte 2: no UTF-8: ab >>> ")
    assert next(payload_lines(b"[" * 100_000)).startswith("breaks   ")
