"""Log lines are constant text with the data beside it, so that an operator can search for them."""

from __future__ import annotations

import ast

from tests.house.source_tree import product_modules

LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}


def _log_calls() -> list[tuple[str, ast.Call]]:
    return [
        (f"{module.path}:{node.lineno}", node)
        for module in product_modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in LEVELS
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"logger", "log", "logging", "_logger", "_log"}
    ]


def test_every_log_text_is_a_constant_in_lower_case() -> None:
    assert _log_calls(), "the search must find log calls"
    wrong = [
        place
        for place, call in _log_calls()
        if not (call.args and isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str))
        or call.args[0].value[:1].isupper()
        or "%" in call.args[0].value
        or len(call.args) > 1
    ]
    assert not wrong


def test_every_log_record_names_its_event() -> None:
    wrong = [place for place, call in _log_calls() if "event" not in _extra_keys(call)]
    assert not wrong


def _extra_keys(call: ast.Call) -> set[object]:
    for keyword in call.keywords:
        if keyword.arg == "extra" and isinstance(keyword.value, ast.Dict):
            return {key.value for key in keyword.value.keys if isinstance(key, ast.Constant)}
    return set()
