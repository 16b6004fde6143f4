"""Checks of what the store runs on: the broker, the database, its schema, and whether projections are true."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from contract.broker_address import parse_broker_url
from contract.errors import LiveShelfError
from liveshelf.broker import BROKER_URL_VARIABLE, available_brokers, broker_url
from liveshelf.checks.finding import Finding
from liveshelf.mqtt_probe import probe_broker

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

SKEW_S_MAX = 2.0
"""More between two clocks of a store is an alarm (design section 4, time)."""


def check_broker(environ: Mapping[str, str]) -> Finding:
    """Connect to the broker that is configured as a client does, or tell which one would be started."""
    url = broker_url(environ)
    if url is None:
        kinds = available_brokers()
        if kinds:
            said = f"{BROKER_URL_VARIABLE} is not set; {kinds[0]} would be started"
            return Finding(subject="broker", verdict="ok", said=said)
        hint = f"install mosquitto or 'liveshelf[demo]', or set {BROKER_URL_VARIABLE}"
        return Finding(subject="broker", verdict="fail", said="none configured, none installed", hint=hint)
    try:
        address = parse_broker_url(url)
        probe_broker(address)
    except LiveShelfError as error:
        return Finding(subject="broker", verdict="fail", said=str(error), hint="start it, or correct the address")
    return Finding(subject="broker", verdict="ok", said=f"{address.host}:{address.port} answers")


def check_database(url: str | None) -> Iterator[Finding]:
    """Connect to the database, look at its schema, and count again what is kept as a projection."""
    if url is None:
        hint = "set LIVESHELF_DATABASE_URL, or start one by `liveshelf db up`; `liveshelf demo` brings its own"
        yield Finding(subject="database", verdict="warn", said="none configured, none running", hint=hint)
        return
    from database.connection import connect

    try:
        with connect(url, autocommit=True, application_name="liveshelf doctor") as connection:
            yield from check_server(connection)
    except LiveShelfError as error:
        yield Finding(subject="database", verdict="fail", said=str(error), hint="start it, or correct the address")


def check_server(connection: Connection[TupleRow]) -> Iterator[Finding]:
    """Look at everything behind an open connection."""
    from database.inspection import inspect_server

    server = inspect_server(connection)
    said = f"PostgreSQL {server.version}, history {server.edition}, {server.size_bytes / 1e6:.1f} MB"
    yield Finding(subject="database", verdict="ok", said=said)
    yield check_skew(connection)
    schema = check_schema(connection)
    yield schema
    if schema.verdict == "ok":
        yield check_stock(connection)
        yield check_dead_letters(connection)


def check_skew(connection: Connection[TupleRow]) -> Finding:
    """Compare the wall clock of the database server with ours."""
    before = datetime.now(UTC)
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None, "a query for one value answers with one row"
    after = datetime.now(UTC)
    skew_s = max((before - row[0]).total_seconds(), (row[0] - after).total_seconds(), 0.0)
    said = f"differs from this machine's by {skew_s:.1f} s"
    if skew_s > SKEW_S_MAX:
        hint = "let a time server keep both clocks"
        return Finding(subject="database clock", verdict="warn", said=said, hint=hint)
    return Finding(subject="database clock", verdict="ok", said=said)


def check_schema(connection: Connection[TupleRow]) -> Finding:
    """Tell whether the schema is the one this version of the code was written for."""
    from database.migrate import applied_steps, missing_steps
    from database.steps import read_steps

    try:
        missing = missing_steps(read_steps(), applied_steps(connection))
    except LiveShelfError as error:
        return Finding(subject="schema", verdict="fail", said=str(error), hint="run the version that made it")
    if missing:
        said = f"{len(missing)} migrations missing, first {missing[0].name}"
        return Finding(subject="schema", verdict="fail", said=said, hint="run `liveshelf db migrate`")
    return Finding(subject="schema", verdict="ok", said="up to date")


def check_stock(connection: Connection[TupleRow]) -> Finding:
    """Build the stock of every place anew from the ledger and compare it with what the worker keeps."""
    from database.inspection import stock_differences

    found = stock_differences(connection)
    if not found:
        return Finding(subject="stock", verdict="ok", said="every place is the sum of its ledger")
    first = found[0]
    said = (
        f"{len(found)} places differ from their ledger, first {first.store} {first.sku} {first.place}:"
        f" kept {first.projected}, by the ledger {first.by_ledger}"
    )
    return Finding(
        subject="stock", verdict="fail", said=said, hint="the ledger is right; report this with both figures"
    )


def check_dead_letters(connection: Connection[TupleRow]) -> Finding:
    """Tell whether devices send what cannot be used."""
    from database.inspection import dead_letter_count

    count = dead_letter_count(connection)
    if count == 0:
        return Finding(subject="dead letters", verdict="ok", said="none")
    hint = "`liveshelf db dead-letters` shows them and why"
    return Finding(subject="dead letters", verdict="warn", said=f"{count} payloads could not be used", hint=hint)
