"""The `liveshelf` command: each program and tool by its name, imported only when asked for."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from contract.errors import LiveShelfError

app = typer.Typer(
    name="liveshelf",
    help="Open smart shelves: live store stock, restock tasks, one availability for every channel.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def main() -> NoReturn:
    """Run the command; an error of ours is one sentence and exit code 1."""
    from liveshelf import commands

    commands.register(app)
    try:
        app()
    except LiveShelfError as error:
        print(f"liveshelf: {error}", file=sys.stderr)
        sys.exit(1)
    sys.exit(0)


if __name__ == "__main__":
    main()
