"""`liveshelf edge setup` and its siblings: calibrate the plates of this device, see how it is, check its file."""

from __future__ import annotations

import getpass
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from contract.errors import ConfigurationError

ConfigOption = Annotated[Path | None, typer.Option("--config", help="The agent's TOML file.")]
DataDirOption = Annotated[Path | None, typer.Option("--data-dir", help="The agent's data folder, instead of its file.")]

EXIT_LEFT = 1
EXIT_NOT_WELL = 1

ByOption = Annotated[str | None, typer.Option("--by", help="The name the sheets bear; else the login.")]


def setup(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    plate: Annotated[str | None, typer.Option("--plate", help="Only this plate.")] = None,
    by: ByOption = None,
    sheets: Annotated[
        Path | None, typer.Option("--sheets", help="Where sheets are written; else `sheets` in the data folder.")
    ] = None,
    *,
    cell_replaced: Annotated[bool, typer.Option("--cell-replaced", help="The plate has got another cell.")] = False,
) -> None:
    """Calibrate the plates of this device, one after the other, with two known masses. The agent has to run.

    Leave at any time with q or Ctrl-C: a plate weighs by its old line until a new one is accepted.
    """
    from rich.console import Console

    from liveshelf.fitting.agent_link import AgentLink
    from liveshelf.fitting.setup import Setup
    from liveshelf.fitting.terminal import RichTerminal

    folder = _folder(config, data_dir)
    terminal = RichTerminal(Console())
    try:
        name = by or terminal.ask("Your name, for the sheets", _login())
        Setup(
            AgentLink(folder), terminal, by=name, sheets=sheets or folder / "sheets", cell_replaced=cell_replaced
        ).run(plate)
    except (KeyboardInterrupt, EOFError):
        terminal.say("Come back any time: what was accepted holds.")
        raise typer.Exit(EXIT_LEFT) from None


def zero(
    plate: Annotated[str, typer.Argument(help="The plate; it has to be empty.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    by: ByOption = None,
) -> None:
    """Measure an empty plate, and let it be its zero. The gain stays. The agent has to run."""
    from liveshelf.fitting.agent_link import AgentLink, facts_of

    link = AgentLink(_folder(config, data_dir))
    sheet = facts_of(link, "calibration_zero", plate=plate, by=by or _login())["sheet"]
    _print(_history([sheet]))


def restore(
    sheets: Annotated[list[Path], typer.Argument(help="Sheets another board wrote of these cells, as JSON.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    by: ByOption = None,
) -> None:
    """Let plates weigh by the sheets of the board that was here before. The agent has to run."""
    from liveshelf.fitting.agent_link import AgentLink, facts_of
    from liveshelf.fitting.sheet_text import read

    link = AgentLink(_folder(config, data_dir))
    for line in [read(path) for path in sheets]:
        sheet = facts_of(link, "calibration_restore", by=by or _login(), **line)["sheet"]
        print(f"{sheet['plate']}: version {sheet['version']} holds; lay a known mass on it and see")


def calibration(
    plate: Annotated[
        str | None, typer.Argument(metavar="[PLATE]", help="Its history and sheet; else all plates.")
    ] = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="What the agent says, one JSON object on one line.")] = False,
) -> None:
    """Say how the plates of this device are calibrated, or the history and the sheet of one. The agent has to run."""
    from liveshelf.fitting.agent_link import AgentLink, facts_of

    link = AgentLink(_folder(config, data_dir))
    facts = (
        facts_of(link, "calibration_overview") if plate is None else facts_of(link, "calibration_history", plate=plate)
    )
    if as_json:
        print(json.dumps(facts))
        return
    _print(_overview(facts["plates"]) if plate is None else _history(facts["sheets"]))


def diagnose(
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="What the agent says, one JSON object on one line.")] = False,
) -> None:
    """Say of every sensor and of the device what is measured, what is wrong and what to do. The agent has to run.

    Exit codes: 0 all is well, 1 something is not, 2 there is no agent to ask.
    """
    from liveshelf.fitting.agent_link import AgentLink, facts_of
    from liveshelf.fitting.diagnosis_text import diagnosis_lines, is_well

    facts = facts_of(AgentLink(_folder(config, data_dir)), "diagnose")
    _print([json.dumps(facts)] if as_json else list(diagnosis_lines(facts)))
    if not is_well(facts):
        raise typer.Exit(EXIT_NOT_WELL)


def check(file: Annotated[Path, typer.Argument(help="The agent's TOML file.")]) -> None:
    """Check an agent's file without starting anything: what is wrong is said with its line and the key it may mean."""
    from liveshelf.fitting.check import checked_lines

    _print(list(checked_lines(file)))


def _print(lines: list[str]) -> None:
    for line in lines:
        print(line)


def _overview(plates: list[dict[str, Any]]) -> list[str]:
    from liveshelf.fitting.setup import line_of

    return [line_of(one) for one in plates]


def _history(sheets: list[dict[str, Any]]) -> list[str]:
    from liveshelf.fitting.sheet_text import REASONS, sheet_lines

    older = [
        f"version {sheet['version']}, {sheet['at']}, {REASONS.get(sheet['reason'], sheet['reason'])}"
        f"{', by ' + sheet['by'] if sheet['by'] else ''}"
        for sheet in sheets[1:]
    ]
    newest = list(sheet_lines(sheets[0])) if sheets else ["no sheet yet"]
    return [*newest, *(["", "before:", *older] if older else [])]


def _folder(config: Path | None, data_dir: Path | None) -> Path:
    """Return the agent's data folder. Raises ConfigurationError when neither option names it."""
    if data_dir is not None:
        return data_dir
    if config is None:
        raise ConfigurationError(
            "--config: missing, expected the agent's TOML file, or --data-dir with its data folder"
        )
    from edge.settings import read_settings

    return Path(read_settings(config).data_dir)


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "installer"
