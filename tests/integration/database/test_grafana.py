"""What Grafana asks the database is answered, to a role that may read that and nothing of people."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from psycopg import Connection, sql

from database.binaries import find_binaries
from database.connection import connect

PSQL = str(find_binaries().initdb.parent / "psql")
ARGUMENTS = ("--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1")
"""As in the compose file."""

pytestmark = pytest.mark.database

ROOT = Path(__file__).parents[3]
BOARD = json.loads((ROOT / "dashboards/grafana/store.json").read_text(encoding="utf-8"))
QUESTIONS = {
    **{panel["title"]: panel["targets"][0]["rawSql"] for panel in BOARD["panels"]},
    **{f"variable {one['name']}": one["query"] for one in BOARD["templating"]["list"]},
}
TIME_FILTER = re.compile(r"\$__timeFilter\((\w+)\)")
RANGE = r"\1 BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-01T06:00:00Z'"


def _asked(question: str) -> str:
    """Fill in what Grafana fills in."""
    return TIME_FILTER.sub(RANGE, question).replace("$store", "shop").replace("$plate", "l1")


@pytest.fixture
def reader(database_url: str) -> Iterator[Connection[Any]]:
    """A connection as the role that deploy/timescaledb/grants.sql makes by psql, under a name of its own."""
    role = f"reader_{secrets.token_hex(4)}"
    text = (ROOT / "deploy/timescaledb/grants.sql").read_text(encoding="utf-8").replace("liveshelf_reader", role)
    for _ in range(2):  # with every `up`
        subprocess.run(
            [PSQL, *ARGUMENTS, "-f", "-", "-d", database_url],
            env={**os.environ, "READER_PASSWORD": "it's secret"},
            input=text,
            text=True,
            check=True,
        )
    with connect(database_url, autocommit=True) as owner:
        owner.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
        yield owner
        owner.execute("RESET ROLE")
        owner.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(role)))
        owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


@pytest.mark.parametrize("title", sorted(QUESTIONS))
def test_every_question_of_the_dashboard_is_answered_to_the_reader(reader: Connection[Any], title: str) -> None:
    answer = reader.execute(_asked(QUESTIONS[title]).encode())
    assert "$" not in _asked(QUESTIONS[title])
    assert answer.description


def test_the_reader_sees_a_device_with_its_outbox(database_url: str, reader: Connection[Any]) -> None:
    with connect(database_url, autocommit=True) as owner:
        owner.execute("INSERT INTO device VALUES ('bay-1', 'shop', true, 'j', '{}', '2026-01-01T00:00:00Z')")
        owner.execute(
            "INSERT INTO health_current (device, subject, verdict, noise_g, rejected, samples, queued, measured, as_of)"
            " VALUES ('bay-1', 'agent', 'behind', 0, '{}', 0, 0, '{\"queue_rows\": 7}', '2026-01-01T00:00:00Z')"
        )
    [row] = reader.execute(_asked(QUESTIONS["Devices"]).encode()).fetchall()
    assert (row[0], row[3], row[4], row[8]) == ("bay-1", "behind", 7.0, "exactly_once")
    assert reader.execute(_asked(QUESTIONS["Parts not well"]).encode()).fetchone() == (1,)


@pytest.mark.parametrize("table", ["person", "api_key", "session", "price"])
def test_the_reader_sees_neither_people_nor_keys(database_url: str, reader: Connection[Any], table: str) -> None:
    with connect(database_url, autocommit=True) as owner:
        row = owner.execute("SELECT to_regclass(%s)", [table]).fetchone()
    assert row is not None
    assert row[0] is not None, "the table must be there to be kept from somebody"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table)))


@pytest.mark.parametrize(
    "question", ["SELECT assignee FROM task", "SELECT payload FROM dead_letter", "DELETE FROM gap"]
)
def test_the_reader_sees_no_assignee_and_no_payload_and_changes_nothing(reader: Connection[Any], question: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(question.encode())


def test_the_reader_is_made_as_the_compose_file_has_it() -> None:
    compose = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    assert compose["services"]["grants"]["entrypoint"] == ["psql", *ARGUMENTS, "-f", "/grants.sql"]
