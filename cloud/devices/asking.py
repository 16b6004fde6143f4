"""A person or a program asks a device: noted before, asked, and what came of it kept after. No transaction waits."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool

from cloud.devices import service
from cloud.devices.model import answer_wait_s
from cloud.devices.service import Asked
from cloud.parts import Parts
from contract.records import CommandResult


async def carry_out(
    parts: Parts, store: str, device: str, op: str, args: Mapping[str, Any], *, by: str,
    timeout_s: float | None = None, command_id: str | None = None,
) -> CommandResult:  # fmt: skip
    """Ask a device and return its answer, on the link's loop.

    A command that changes something goes into the audit trail under `by`, before it is sent and when it is answered; a
    sheet in the answer is kept. Raises LinkAway, DeviceSilent, UnknownDevice, CommandTooLarge or AnswerUnusable.
    """
    asked = Asked(
        command_id=command_id or secrets.token_hex(8), store=store, device=device, op=op, args=args, by=by
    )  # fmt: skip
    parts.devices.check(store, device)
    await run_in_threadpool(_note_asked, parts, asked)
    patience_s = answer_wait_s(op) if timeout_s is None else timeout_s
    result = await parts.devices.ask(store, device, op, args, timeout_s=patience_s, command_id=asked.command_id)
    await run_in_threadpool(_note_answered, parts, asked, result)
    return result


def carry_out_sync(
    parts: Parts, store: str, device: str, op: str, args: Mapping[str, Any], *, by: str,
    timeout_s: float | None = None,
) -> CommandResult:  # fmt: skip
    """Do what `carry_out` does, from a thread: for pages. Ask for little time there, a thread waits with you."""
    return parts.devices.run(carry_out(parts, store, device, op, args, by=by, timeout_s=timeout_s))


def _note_asked(parts: Parts, asked: Asked) -> None:
    with parts.writes.connection() as link:
        service.note_asked(link, asked, at=parts.clock.now())


def _note_answered(parts: Parts, asked: Asked, result: CommandResult) -> None:
    with parts.writes.connection() as link:
        service.note_answered(link, asked, result, at=parts.clock.now())
