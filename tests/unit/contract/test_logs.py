"""A log line is one line, whatever it tells."""

from __future__ import annotations

import logging

from contract.errors import without_secret
from contract.logs import OneLine


def line(text: str, **facts: object) -> str:
    record = logging.LogRecord("gateway", logging.INFO, __file__, 1, text, None, None)
    record.__dict__.update(facts)
    return OneLine().format(record)


def test_a_record_is_one_line_with_its_facts() -> None:
    said = line("database away", event="database_away", reason="no route\nto host")
    assert said.endswith("info gateway: database away event=database_away reason='no route\\nto host'")


def test_a_message_of_several_lines_stays_one() -> None:
    assert "\n" not in line("error connecting:\nno route\r\nto host")


def test_a_found_address_is_told_without_its_password() -> None:
    assert without_secret("postgresql://till:secret@[::1/shop") == "postgresql://…"
    assert without_secret("host=db password=secret") == "…"
    assert without_secret("postgresql://till:secret/shop") == "postgresql://…"
    assert without_secret("mqtt://broker:99999") == "mqtt://broker:99999"
    assert without_secret("fast") == "fast"
