"""docs/path-of-a-reading.md names real files and real names, step by step."""

from __future__ import annotations

import ast
import re

from tests.house.source_tree import ROOT

PAGE = ROOT / "docs" / "path-of-a-reading.md"
ROW = re.compile(r"^\| *(\d+) *\|(.*)\|$", re.MULTILINE)
PLACE = re.compile(r"`([a-z_]+(?:/[a-z_]+)+\.(?:py|sql))(?::([A-Za-z_.]+))?`")
STEPS = 11


def test_every_step_has_its_row() -> None:
    steps = [int(number) for number, _ in ROW.findall(PAGE.read_text(encoding="utf-8"))]
    assert steps == list(range(STEPS))


def test_every_file_and_name_on_the_page_exists() -> None:
    places = PLACE.findall(PAGE.read_text(encoding="utf-8"))
    assert len(places) > STEPS, "the search must find places"
    missing = [f"{path}:{name}" for path, name in places if not _exists(path, name)]
    assert not missing


def _exists(path: str, name: str) -> bool:
    file = ROOT / path
    if not file.is_file():
        return False
    return not name or (path.endswith(".py") and _has(ast.parse(file.read_text(encoding="utf-8")), name.split(".")))


def _has(tree: ast.AST, names: list[str]) -> bool:
    for node in ast.iter_child_nodes(tree):
        named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.name == names[0]
        assigned = isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == names[0] for target in node.targets
        )
        if named or assigned:
            return len(names) == 1 or _has(node, names[1:])
    return False
