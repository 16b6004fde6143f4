"""What the house tests look at: LiveShelf's own Python files, parsed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("contract", "edge", "gateway", "database", "cloud", "dashboards", "firmware_sim", "liveshelf")


@dataclass(frozen=True)
class Module:
    """One Python file: its path from the root of the tree, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


def product_modules() -> Iterator[Module]:
    """Yield every module that ships."""
    for package in PACKAGES:
        yield from _modules(ROOT / package)


def all_modules() -> Iterator[Module]:
    """Yield every module, the tests included."""
    yield from product_modules()
    yield from _modules(ROOT / "tests")


def _modules(folder: Path) -> Iterator[Module]:
    for path in sorted(folder.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield Module(str(path.relative_to(ROOT)), text, ast.parse(text))
