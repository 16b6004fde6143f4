"""`liveshelf db dead-letters`: payloads that could not be used: which, why, where they break, and again after a fix."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from contract.errors import ConfigurationError

if TYPE_CHECKING:
    from rich.table import Table

    from database.inspection import DeadLetter

ROWS_MAX = 20
AROUND_BYTES = 40
"""So much of a payload is shown before and after the place where it breaks."""


class _Letters(TyperGroup):
    """Lets a number stand for `show NUMBER`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - typer brings its own kind of context
        """Read the words after `dead-letters`."""
        return super().parse_args(ctx, ["show", *args] if args and args[0].isdecimal() else args)


app = typer.Typer(cls=_Letters, help="Payloads that could not be used and why; take them in again after a fix.")

ReasonOption = Annotated[str | None, typer.Option("--reason", help="Only those of this reason, such as bad_body.")]


@app.callback(invoke_without_command=True)
def listed(
    context: typer.Context,
    reason: ReasonOption = None,
    device: Annotated[str | None, typer.Option("--device", help="Only those of this device.")] = None,
    store: Annotated[str | None, typer.Option("--store", help="Only those of this store.")] = None,
    count: Annotated[int, typer.Option("--count", min=1, help="How many to list, newest first.")] = ROWS_MAX,
    replayed: Annotated[bool, typer.Option("--replayed", help="Also those that were taken in since.")] = False,
) -> None:
    """List payloads that could not be used and why; a NUMBER shows one of them."""
    if context.invoked_subcommand is not None:
        return
    from rich.console import Console

    from liveshelf.db import connected_database

    with connected_database() as connection:
        from database.inspection import newest_dead_letters

        found = newest_dead_letters(connection, count, reason=reason, device=device, store=store, replayed_too=replayed)
    Console().print(_table(found) if found else "no dead letters")


@app.command("show")
def show(number: Annotated[int, typer.Argument(help="The number of a letter.")]) -> None:
    """Show one with its payload, and where that breaks."""
    from liveshelf.db import connected_database

    with connected_database() as connection:
        from database.inspection import dead_letter
        from gateway.replay import UnknownDeadLetter

        found = dead_letter(connection, number)
    if found is None:
        raise UnknownDeadLetter(f"no dead letter has the number {number}; `liveshelf db dead-letters` lists them")
    for line in _shown(*found):
        print(line)


@app.command("replay")
def replay(
    number: Annotated[int | None, typer.Argument(help="The number of a letter.")] = None,
    reason: ReasonOption = None,
    every: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
) -> None:
    """Take payloads in again after a fix: what can be used now becomes history, once; the rest stays, with its reason
    of today. Exit code 1 when something stays.
    """
    if sum([number is not None, reason is not None, every]) != 1:
        raise ConfigurationError("dead-letters replay: expected one of NUMBER, --reason and --all")
    from contract.clock import clock_from_environment
    from liveshelf.db import connected_database
    from liveshelf.extras import MODULES, require

    require(MODULES["gateway"], extra="gateway")
    clock = clock_from_environment(os.environ)
    records = stays = 0
    with connected_database() as connection:
        from gateway.loading.correction import waiting
        from gateway.replay import replay as take_in

        for chosen in waiting(connection, reason) if number is None else [number]:
            done = take_in(connection, chosen, at=clock.now())
            records, stays = records + done.records, stays + (not done.settled)
            print(f"{chosen}: {'' if done.settled else 'stays: '}{_visible(done.said)}")
    print(f"{records} records taken in, {stays} letters stay")
    if stays:
        raise typer.Exit(1)


def _table(letters: Iterable[DeadLetter]) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table("number", "device", "reason", "detail", "bytes", "times", "last at", "replayed")
    for row in letters:
        last_at = f"{row.last_at:%Y-%m-%d %H:%M:%S}"
        cells = [row.device, row.reason, row.detail, str(row.payload_bytes), str(row.times), last_at, _replayed(row)]
        table.add_row(str(row.dead_letter_id), *(escape(_visible(cell)) for cell in cells))
    return table


def _shown(letter: DeadLetter, payload: bytes) -> Iterator[str]:
    yield f"topic    {_visible(letter.topic)}"
    yield f"reason   {letter.reason}: {_visible(letter.detail)}"
    if letter.journal is not None:
        yield f"records  {_visible(letter.journal)} {letter.first_seq} to {letter.last_seq}"
    yield f"came     {letter.times} times, {letter.first_at:%Y-%m-%d %H:%M:%S} to {letter.last_at:%Y-%m-%d %H:%M:%S}"
    yield f"replayed {_replayed(letter) or 'not yet'}"
    cut = f", the first {len(payload)} were kept: it cannot be replayed" if len(payload) < letter.payload_bytes else ""
    yield f"payload  {letter.payload_bytes} bytes{cut}"
    yield from payload_lines(payload)


def payload_lines(payload: bytes) -> Iterator[str]:
    """Yield a payload fit to read: JSON a column a line; else where it breaks, and all of it on one line (pure)."""
    try:
        text = payload.decode()
        content = json.loads(text)
    except UnicodeDecodeError as error:
        yield f"breaks   at byte {error.start}: no UTF-8: {_around(payload, error.start)}"
    except json.JSONDecodeError as error:
        at = len(text[: error.pos].encode())
        yield f"breaks   at byte {at}: {error.msg}: {_around(payload, at)}"
    except RecursionError:
        yield "breaks   nested too deeply to be read"
    else:
        yield from (_visible(line) for line in _pretty(content, ""))
        return
    yield _visible(payload.decode("utf-8", errors="backslashreplace"))


def _pretty(content: object, indent: str) -> Iterator[str]:
    """Yield a line a value; lists stay on theirs, so that the columns of a block can be compared by eye."""
    if not isinstance(content, dict) or not content:
        yield f"{indent}{json.dumps(content, ensure_ascii=False)}"
        return
    for key, value in content.items():
        if isinstance(value, dict) and value:
            yield f"{indent}{key}:"
            yield from _pretty(value, f"{indent}  ")
        else:
            yield f"{indent}{key}: {json.dumps(value, ensure_ascii=False)}"


def _around(payload: bytes, at: int) -> str:
    before, after = payload[max(0, at - AROUND_BYTES) : at], payload[at : at + AROUND_BYTES]
    return " >>> ".join(_visible(part.decode("utf-8", errors="backslashreplace")) for part in (before, after))


def _replayed(letter: DeadLetter) -> str:
    if letter.replayed_at is None:
        return f"{letter.replayed_records} records, the rest waits" if letter.replayed_records else ""
    return f"{letter.replayed_at:%Y-%m-%d %H:%M:%S}, {letter.replayed_records} records"


def _visible(text: str) -> str:
    """Write out what a terminal would obey: a stranger chose these bytes."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text)
