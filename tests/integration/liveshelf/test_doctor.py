"""What the doctor and `liveshelf db` say of a real broker and a real database."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from database.connection import connect
from database.inspection import inspect_server, stock_differences
from liveshelf.broker import free_port
from liveshelf.checks.finding import Finding
from liveshelf.checks.store import check_broker, check_database
from liveshelf.db import app as db_app
from liveshelf.doctor import doctor
from tests.house.source_tree import ROOT

pytestmark = [pytest.mark.database, pytest.mark.broker]

AT = datetime(2026, 1, 1, 9, tzinfo=UTC)

MOVES = """
INSERT INTO stock_ledger (store, sku, kind, from_place, to_place, units, happened_at, source)
VALUES ('corner-shop', 'cola', 'receipt', NULL, 'backroom', 12, %(at)s, 'receipt:1'),
       ('corner-shop', 'cola', 'refill', 'backroom', 'shelf', 5, %(at)s, 'event:1')
"""

PLACES = """
INSERT INTO stock_place (store, sku, place, units, as_of)
VALUES ('corner-shop', 'cola', 'backroom', 7, %(at)s), ('corner-shop', 'cola', 'shelf', 5, %(at)s)
"""

LETTER = """
INSERT INTO dead_letter (topic, device, reason, detail, payload, payload_bytes, payload_hash, first_at, last_at)
VALUES ('liveshelf/v1/shop/bay-1/readings', 'bay-1', 'bad_body', 'weight_g: \x1b[31mred', %(payload)s, 9, 'h',
        %(at)s, %(at)s)
"""


def findings(url: str | None) -> dict[str, Finding]:
    return {finding.subject: finding for finding in check_database(url)}


def run(*arguments: str, url: str, app: Typer = db_app) -> Result:
    environ = {"LIVESHELF_DATABASE_URL": url, "COLUMNS": "200"}
    return CliRunner().invoke(app, list(arguments), env=environ, catch_exceptions=False)


def execute(url: str, *statements: str) -> None:
    with connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode(), {"at": AT, "payload": b'{"v":1}\xff\x1b'})


def test_a_broker_that_answers_is_well(broker_url: str) -> None:
    assert check_broker({"LIVESHELF_MQTT_URL": broker_url}).verdict == "ok"


def test_a_broker_that_does_not_answer_fails_naming_the_place() -> None:
    port = free_port()
    found = check_broker({"LIVESHELF_MQTT_URL": f"mqtt://127.0.0.1:{port}"})
    assert found.verdict == "fail"
    assert f"127.0.0.1:{port} cannot be reached" in found.said


def test_no_database_is_a_warning_that_says_how_to_get_one() -> None:
    assert findings(None)["database"].verdict == "warn"


def test_a_database_that_does_not_answer_fails(tmp_path: Path) -> None:
    found = findings(f"postgresql:///shop?host={tmp_path}")["database"]
    assert found.verdict == "fail"
    assert "cannot be reached" in found.said


def test_a_new_store_is_well(database_url: str) -> None:
    assert {subject: finding.verdict for subject, finding in findings(database_url).items()} == {
        "database": "ok",
        "database clock": "ok",
        "schema": "ok",
        "stock": "ok",
        "dead letters": "ok",
    }


def test_a_database_without_a_schema_says_what_to_run(empty_database_url: str) -> None:
    found = findings(empty_database_url)
    assert found["schema"].verdict == "fail"
    assert found["schema"].hint == "run `liveshelf db migrate`"
    assert "stock" not in found


def test_stock_that_is_the_sum_of_its_ledger_is_well(database_url: str) -> None:
    execute(database_url, MOVES, PLACES)
    assert findings(database_url)["stock"].verdict == "ok"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE stock_place SET units = 6 WHERE place = 'shelf'", "cola shelf: kept 6, by the ledger 5"),
        ("DELETE FROM stock_place WHERE place = 'backroom'", "cola backroom: kept 0, by the ledger 7"),
        (
            "INSERT INTO stock_place VALUES ('corner-shop', 'cola', 'basket', 1, %(at)s)",
            "basket: kept 1, by the ledger 0",
        ),
    ],
)
def test_stock_that_is_not_the_sum_of_its_ledger_fails_with_both_figures(
    database_url: str, damage: str, said: str
) -> None:
    execute(database_url, MOVES, PLACES, damage)
    found = findings(database_url)["stock"]
    assert found.verdict == "fail"
    assert said in found.said


def test_migrate_says_what_it_applied_and_then_that_all_is_done(empty_database_url: str) -> None:
    assert "applied 0001_foundation.sql" in run("migrate", url=empty_database_url).output
    assert run("migrate", url=empty_database_url).output == "up to date\n"


def test_status_tells_edition_watermarks_gaps_and_dead_letters(database_url: str, history_edition: str) -> None:
    execute(
        database_url,
        LETTER,
        "INSERT INTO journal_watermark VALUES ('bay-1', 'abcdef0123', 4711, %(at)s)",
        "INSERT INTO gap VALUES ('bay-1', 'abcdef0123', 5, 9, 'thinned', 1, %(at)s)",
    )
    said = run("status", url=database_url).output
    known = len(list((ROOT / "database" / "migrations").glob("*.sql")))
    all_applied = f"migrations {known} of {known}"
    for expected in (f"history: {history_edition}", "bay-1", "4711", "thinned", "1 dead letters", all_applied):
        assert expected in said


def test_status_of_an_empty_database_says_what_to_run(empty_database_url: str) -> None:
    said = run("status", url=empty_database_url).output
    assert "migrations 0 of" in said
    assert "liveshelf db migrate" in said


def test_a_dead_letter_is_shown_without_obeying_it(database_url: str) -> None:
    execute(database_url, LETTER)
    listed = run("dead-letters", url=database_url).output
    assert "bad_body" in listed
    shown = run("dead-letters", "1", url=database_url).output
    assert '{"v":1}' in shown
    assert "\x1b" not in listed + shown


def test_the_doctor_ends_with_1_when_something_fails(empty_database_url: str, broker_url: str) -> None:
    app = Typer()
    app.command()(doctor)
    environ = {"LIVESHELF_DATABASE_URL": empty_database_url, "LIVESHELF_MQTT_URL": broker_url}
    ended = CliRunner().invoke(app, ["--json"], env=environ)
    lines = [json.loads(line) for line in ended.output.splitlines()]
    assert ended.exit_code == 1
    assert [line["subject"] for line in lines if line["verdict"] == "fail"] == ["schema"]


def test_the_doctor_prints_each_finding_with_its_hint(database_url: str) -> None:
    app = Typer()
    app.command()(doctor)
    ended = CliRunner().invoke(app, [], env={"LIVESHELF_DATABASE_URL": database_url, "LIVESHELF_MQTT_URL": "http://h"})
    assert ended.exit_code == 1
    assert "expected mqtt://HOST:PORT" in ended.output
    assert "start it, or correct the address" in ended.output


def test_an_inspection_only_reads(database_url: str, history_edition: str) -> None:
    with psycopg.connect(database_url, options="-c default_transaction_read_only=on") as connection:
        assert inspect_server(connection).edition == history_edition
        assert stock_differences(connection) == []
