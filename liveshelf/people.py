"""`liveshelf people`: who may log in to the pages. A password is typed or read from standard input, never preset."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from getpass import getpass
from typing import TYPE_CHECKING, Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.extras import require

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

app = typer.Typer(help="People who log in to the pages.", no_args_is_help=True)

ROLES = ("staff", "installer", "manager", "developer", "loss_prevention", "admin")
"""For the help text alone: `cloud.access.login.model` may not be installed. A test keeps them the same."""

LoginArgument = Annotated[str, typer.Argument(help="The log-in name; capitals do not matter.")]


@app.command()
def add(
    login: LoginArgument,
    name: Annotated[str, typer.Option(help="What the person is called.")],
    role: Annotated[str, typer.Option(help=f"One of {', '.join(ROLES)}.")],
    store: Annotated[list[str], typer.Option(help="Where; repeat for several, * for all.")],
) -> None:
    """Let somebody in. Asks for the password twice, or reads it from standard input."""
    with _database() as connection:
        from cloud.access.login import model, service
        from liveshelf.store_database import check_stores

        kept = model.check_login(login)
        model.check_role(role)
        check_stores(connection, store)
        person = service.create_person(
            connection, login=kept, name=name, role=role, stores=store, password=_password(kept), at=_now()
        )
    print(f"added {person.login}: {person.role} in {_places(person.stores)}")


@app.command("list")
def list_people() -> None:
    """List everybody, those who are disabled too."""
    with _database() as connection:
        from rich.console import Console
        from rich.markup import escape
        from rich.table import Table

        from cloud.access.login.service import people

        table = Table("log-in", "name", "role", "stores", "language", "state")
        for person in people(connection):
            state = "disabled" if person.disabled else "may log in"
            cells = (person.login, person.name, person.role, _places(person.stores), person.language or "", state)
            table.add_row(*map(escape, cells))
        Console().print(table if table.row_count else "nobody yet; `liveshelf people add` lets somebody in")


@app.command()
def password(login: LoginArgument) -> None:
    """Give somebody another password and end their sessions."""
    with _database() as connection:
        from cloud.access.login.service import set_password

        set_password(connection, login, _password(login))
    print(f"changed the password of {login}; their sessions have ended")


@app.command()
def disable(login: LoginArgument) -> None:
    """Let somebody in no more and end their sessions. Nothing they did is deleted."""
    with _database() as connection:
        from cloud.access.login.service import disable_person

        disable_person(connection, login, at=_now())
    print(f"disabled {login}; their sessions have ended")


@app.command()
def enable(login: LoginArgument) -> None:
    """Let somebody in again, with the password they had."""
    with _database() as connection:
        from cloud.access.login.service import enable_person

        enable_person(connection, login)
    print(f"enabled {login}")


@contextmanager
def _database() -> Iterator[Connection[TupleRow]]:
    """Open the database. What is wrong with a person is for the command line to correct: ConfigurationError."""
    require(("psycopg", "psycopg_pool", "argon2"), extra="cloud")
    from cloud.access.login.model import PersonRefused
    from liveshelf.store_database import store_database

    try:
        with store_database() as connection:
            yield connection
    except PersonRefused as error:
        raise ConfigurationError(str(error)) from error


def _password(login: str) -> str:
    """Ask for a password twice, or read one line where nobody sits at a terminal. Raises ConfigurationError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass(f"password of {login}: ")
    if getpass("once more: ") != typed:
        raise ConfigurationError("password: the second one differs from the first, nothing was changed")
    return typed


def _now() -> datetime:
    from contract.clock import clock_from_environment

    return clock_from_environment(os.environ).now()


def _places(stores: frozenset[str]) -> str:
    return "all stores" if "*" in stores else ", ".join(sorted(stores))
