"""`python -m database serve --data-dir D`: the embedded server in the foreground, for a supervisor or a terminal."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from database.errors import EmbeddedServerError
from database.serving import serve


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; return the exit code of the process."""
    parser = argparse.ArgumentParser(prog="python -m database", description=__doc__)
    serving = parser.add_subparsers(dest="command", required=True).add_parser(
        "serve", help="run the embedded server until SIGTERM or Ctrl-C; prints its address, then `ready`"
    )
    serving.add_argument("--data-dir", type=Path, required=True, help="a folder that holds nothing else")
    given = parser.parse_args(arguments)
    try:
        serve(given.data_dir, say=_say)
    except EmbeddedServerError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
