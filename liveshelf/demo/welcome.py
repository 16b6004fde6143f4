"""What a person is told when the store is ready: where to look, as whom, and what to paste."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import LiteralString

from rich.console import Console
from rich.table import Table
from rich.text import Text

from database.connection import connect
from liveshelf.demo.lan import lan_address, qr_code
from liveshelf.demo.logins import LogIn, make_phone_pin
from liveshelf.demo.store import DemoStore

# The product there is most of.
FULLEST: LiteralString = "SELECT sku FROM stock WHERE on_hand > 0 ORDER BY on_shelf DESC, sku LIMIT 1"


def welcome(store: DemoStore, console: Console) -> None:
    """Print the address of the page, the log-ins of this run, how a phone joins, and one line to paste."""
    console.rule("a whole store is running")
    _print_page(store, console)
    if store.options.lan:
        _print_phone(store, console)
    _print_question(store, console)
    console.print(f"\nLogs, planogram and truth: {store.options.folder}   Ctrl-C stops it all.\n", soft_wrap=True)


def _print_page(store: DemoStore, console: Console) -> None:
    console.print("Open this page and log in as one of these people (made for this run, told this once):\n")
    console.print(Text(store.page_url, style="bold"), soft_wrap=True)
    console.print(table_of(store.logins))


def table_of(logins: list[LogIn]) -> Table:
    """Return the log-ins as a table."""
    table = Table("log-in", "role", "password")
    for one in logins:
        table.add_row(one.login, one.role.replace("_", " "), Text(one.password, style="bold"))
    return table


def _print_phone(store: DemoStore, console: Console) -> None:
    """Print a code without any secret, and the PIN to type after it: who photographs the code alone gets nowhere."""
    address = lan_address()
    if address is None:
        console.print("--lan: this machine is in no network, a phone cannot reach it")
        return
    with connect(store.database_url, autocommit=True) as connection:
        pin = make_phone_pin(connection, store.logins, wall_at=datetime.now(UTC))
    url = f"http://{address}:{store.port}/login/pin"
    console.print("\nWith a phone in the same network, scan this, or type the address, and enter the PIN:\n")
    console.print(Text(qr_code(url), style="bright_white on black"), soft_wrap=True, end="")
    console.print(Text.assemble(f"\n{url}   PIN ", (pin, "bold")), soft_wrap=True)


def _print_question(store: DemoStore, console: Console) -> None:
    with connect(store.database_url) as connection:
        row = connection.execute(FULLEST).fetchone()
    sku = row[0] if row else "…"
    console.print("\nHow many can I sell, and how sure are we? Paste this into another terminal:\n")
    question = f"{store.api_url}/v1/availability/{sku}?store={store.scenario.store}"
    curl = f"curl -H 'Authorization: Bearer {store.key}' '{question}'"
    console.print(curl, soft_wrap=True, highlight=False, style="bold")
