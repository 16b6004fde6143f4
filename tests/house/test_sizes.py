"""Modules hold one idea and functions fit on a screen."""

from __future__ import annotations

import ast

from tests.house.source_tree import all_modules

MODULE_LINES_MAX = 500
FUNCTION_LINES_MAX = 70


def test_no_module_is_longer_than_500_lines() -> None:
    long = {module.path: lines for module in all_modules() if (lines := module.text.count("\n")) > MODULE_LINES_MAX}
    assert not long


def test_no_function_is_longer_than_70_lines() -> None:
    long = {
        f"{module.path}:{node.lineno} {node.name}": lines
        for module in all_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if (lines := (node.end_lineno or node.lineno) - node.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert not long
