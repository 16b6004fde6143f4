"""Print the sheet of a calibration: what the agent says of it comes in, a page for the folder of the shop goes out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from contract.errors import ConfigurationError
from liveshelf.fitting.grams import said
from liveshelf.fitting.words import REMARKS

Sheet = Mapping[str, Any]
"""A sheet as docs/reference/commands.md has it."""

REASONS: Mapping[str, str] = {
    "new": "first calibration",
    "cell_replaced": "the cell was replaced",
    "recheck": "checked again",
    "zero": "zero measured again",
    "restore": "taken over from another board",
    "file": "as the agent's file has it",
}
NAME_WIDTH = 14


def sheet_lines(sheet: Sheet) -> Iterator[str]:
    """Yield the lines of a sheet."""
    yield f"CALIBRATION OF PLATE {sheet['plate']}: {'PASSED' if sheet['passed'] else 'NOT PASSED'}"
    yield ""
    for name, value in _facts(sheet):
        yield f"{name + ':':<{NAME_WIDTH}}{value}"
    for remark in sheet["remarks"]:
        yield f"{'remark:':<{NAME_WIDTH}}{REMARKS.get(remark, remark)}"


def _facts(sheet: Sheet) -> Iterator[tuple[str, str]]:
    yield "version", str(sheet["version"])
    yield "when", str(sheet["at"])
    yield "by", sheet["by"] or "the agent's file"
    yield "why", REASONS.get(sheet["reason"], sheet["reason"])
    yield "capacity", said(sheet["capacity_g"])
    if sheet.get("goods_g"):
        yield "goods on it", f"{sheet['goods_g']:.1f} g"
    for point in sheet["points"]:
        yield "point", f"{point['mass_g']:.1f} g at {point['count']:.1f} counts"
    yield "zero", f"{sheet['zero_count']:.2f} counts"
    yield "gain", f"{sheet['counts_per_g']:.5f} counts a gram{_known_to(sheet)}"
    if sheet["noise_g"] is not None:
        yield "noise", f"{sheet['noise_g']:.2f} g"
    check = sheet["check"]
    if check is not None:
        found = f"{check['measured_g']:.1f} g for {check['mass_g']:.1f} g, off by {check['error_g']:+.1f} g"
        yield "check", f"{found}, allowed {check['limit_g']:.1f} g"


def _known_to(sheet: Sheet) -> str:
    share = sheet.get("uncertainty_share")
    return "" if share is None else f", known to {100.0 * share:.3f} %"


def save(sheet: Sheet, folder: Path) -> Path:
    """Write a sheet as text and as JSON; return the path of the text. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{sheet['plate']}-v{sheet['version']}.txt"
    path.write_text(_joined(sheet_lines(sheet)), encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(sheet, indent=2) + "\n", encoding="utf-8")
    return path


def read(path: Path) -> dict[str, Any]:
    """Return plate, zero and gain of a sheet that was saved as JSON. Raises ConfigurationError naming what is wrong."""
    try:
        sheet = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}, expected a sheet as JSON") from error
    except ValueError as error:
        raise ConfigurationError(f"{path}: {error}, expected a sheet as JSON") from error
    wanted = ("plate", "zero_count", "counts_per_g")
    for key in wanted:
        if not isinstance(sheet, dict) or key not in sheet:
            raise ConfigurationError(f"{path}: {key}: missing, expected a sheet as JSON")
    return {key: sheet[key] for key in wanted}


def _joined(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"
