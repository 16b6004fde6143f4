"""`liveshelf doctor`: look at everything LiveShelf rests on and say what to do about what is wrong."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from contract.errors import ConfigurationError
from liveshelf.checks.finding import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def doctor(as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False) -> None:
    """Check this machine, the broker and the database. Exit code 1 when something fails."""
    findings = list(examine(os.environ))
    if as_json:
        for finding in findings:
            print(json.dumps(asdict(finding), ensure_ascii=False))
    else:
        _print(findings)
    if any(finding.verdict == "fail" for finding in findings):
        sys.exit(1)


def examine(environ: Mapping[str, str]) -> Iterable[Finding]:
    """Look at everything, the machine first; one finding each."""
    from liveshelf.checks.machine import check_machine
    from liveshelf.checks.store import check_broker, check_database
    from liveshelf.db import data_dir

    yield from check_machine(environ, folder=data_dir(environ))
    yield check_broker(environ)
    yield from check_database(_database_url(environ))


def _database_url(environ: Mapping[str, str]) -> str | None:
    from importlib.util import find_spec

    from liveshelf.db import database_url

    if find_spec("psycopg") is None:
        return None
    try:
        return database_url(environ)
    except ConfigurationError:
        return None


def _print(findings: Sequence[Finding]) -> None:
    from rich.console import Console
    from rich.markup import escape

    console = Console()
    for finding in findings:
        mark = f"[{COLOURS[finding.verdict]}]{finding.verdict:4}[/]"
        console.print(f"{mark}  {finding.subject:16}  {escape(finding.said)}", highlight=False, soft_wrap=True)
        if finding.hint:
            console.print(f"      {'':16}  [dim]{escape(finding.hint)}[/]", highlight=False, soft_wrap=True)
