"""The `liveshelf` command: each program and tool by its name, imported only when asked for.

Exit codes: 0 done; 1 it did not work, or what was looked at is not well; 2 something must be corrected first: the
command line, a setting, a file, a missing package.
"""

from __future__ import annotations

import errno
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, NoReturn

import typer

from contract.errors import ConfigurationError, LiveShelfError

EXIT_FAILED = 1
EXIT_CORRECT_FIRST = 2

DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT})

app = typer.Typer(
    name="liveshelf",
    help="Open smart shelves: live store stock, restock tasks, one availability for every channel.",
    epilog="Exit codes: 0 done, 1 it did not work, 2 correct the command line, a setting or a file first.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)


def main() -> NoReturn:
    """Run the command; what went wrong is one sentence on standard error and the exit code."""
    from liveshelf import commands

    commands.register(app)
    try:
        app()
    except ConfigurationError as error:
        _fail(str(error), EXIT_CORRECT_FIRST)
    except LiveShelfError as error:
        _fail(str(error), EXIT_FAILED)
    except OSError as error:
        said = _said(error)
        if said is None:
            raise
        _fail(said, EXIT_FAILED)
    sys.exit(0)


def _tell(version_wanted: bool) -> None:
    if version_wanted:
        print(f"liveshelf {_version_here()}")
        raise typer.Exit


def _version_here() -> str:
    try:
        return version("liveshelf")
    except PackageNotFoundError:
        return "from a folder of its source, not installed"


@app.callback()
def _every_command(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", is_eager=True, callback=_tell)
    ] = False,
) -> None:
    """Open smart shelves: live store stock, restock tasks, one availability for every channel."""


def _said(error: OSError) -> str | None:
    """Return what the machine says of one of its files or of a full disk; None of what only a bug can do."""
    if error.errno in DISK_ERRORS:
        return f"{error.filename or 'a file'}: no space left on the disk; make room, or name a folder on another one"
    if error.filename is None:
        return None
    return f"{error.filename}: {error.strerror}"


def _fail(said: str, code: int) -> NoReturn:
    print(f"liveshelf: {said}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
