"""Read what a plan is made of: catalogue and planogram as the import reads them, without a database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from cloud.catalog.model import read_catalog, read_planogram
from cloud.catalog.table import PROBLEMS_SHOWN_MAX, ImportRefused
from contract.errors import ConfigurationError
from liveshelf.planning.goods import Stand, stands

ANY_TIME = datetime.min.replace(tzinfo=UTC)
"""What a blank valid_from means here: when a planogram holds plays no part in what it needs."""


def read_goods(planogram: Path, catalog: Path) -> tuple[Stand, ...]:
    """Return what stands where. The rules are those of `liveshelf cloud import`.

    Raises ConfigurationError naming file, line, column, what was found and what was expected, for every problem.
    """
    contents = [_content(path) for path in (catalog, planogram)]
    try:
        products = read_catalog(contents[0], str(catalog), sku_by_gtin={})
        known = {product.sku for product in products}
        positions = read_planogram(contents[1], str(planogram), known=known, at=ANY_TIME).positions
    except ImportRefused as refused:
        raise ConfigurationError(_said(refused)) from refused
    return stands(positions, products)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise ConfigurationError(f"{path}: found {found}, expected a file to read") from error


def _said(refused: ImportRefused) -> str:
    """Return the problems without the sentence about an import: there is none."""
    shown = [str(problem) for problem in refused.problems[:PROBLEMS_SHOWN_MAX]]
    hidden = len(refused.problems) - len(shown)
    return "\n".join([*shown, f"and {hidden} more"] if hidden else shown)
