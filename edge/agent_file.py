"""The agent's own file: written whole or not at all, on trial until the agent runs by it, and taken back when it does
not.

Beside `bay.toml` stand `bay.toml.before` (what held before the last change), `bay.toml.refused` (what the agent could
not run by) and `bay.toml.trial` (the text that is on trial or was refused, by its hash). A power cut at any point
leaves the old text or the new one, whole; which start belongs to which text says the hash.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from pathlib import Path

import msgspec
from msgspec import Struct, structs

logger = logging.getLogger(__name__)

STARTS_MAX = 3
"""So many starts a text on trial has: one that hangs or kills the agent ends none of them by itself."""

MODE_NEW = 0o600
"""The file may hold the password of the broker."""

TEXT_MAX = 200
"""Characters of a reason: as much as a health record or an answer takes."""


class Trial(Struct, frozen=True, forbid_unknown_fields=True):
    """The text with this hash is on trial, or was `refused` for that reason, at a time in seconds since 1970.

    With `broker` it has to find a broker that takes us, too: the agent it holds for may be far away. `told`: the
    refusal was reported.
    """

    sha256: str
    starts: int = 0
    broker: bool = False
    refused: str = ""
    at_unix_s: float = 0.0
    told: bool = False


class AgentFile:
    """One file and what stands beside it. For one thread at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()  # a link to the file stays one
        self.before = self._beside("before")
        self.refused = self._beside("refused")
        self._trial_path = self._beside("trial")
        self._on_trial: Trial | None = None
        self._running: bytes | None = None

    @property
    def on_trial(self) -> Trial | None:
        """The trial this run of the agent is part of, None when its text is trusted."""
        return self._on_trial

    @property
    def refusal(self) -> Trial | None:
        """The text that was taken back last, None when there is none or it was put in by hand since."""
        trial = self._read_trial()
        return trial if trial and trial.refused and trial.sha256 != self._hash() else None

    def text(self) -> str:
        """Return the text as it is now. Raises OSError, and UnicodeDecodeError when it is none."""
        return self.path.read_text(encoding="utf-8")

    def running_text(self) -> str:
        """Return the text the agent runs by; somebody may have written another one since. Raises as `text`."""
        return self.text() if self._running is None else self._running.decode("utf-8")

    def replace(self, text: str, *, broker: bool = False) -> None:
        """Put another text on trial; the one the agent runs by is kept as the one before. Raises OSError, and then the
        old text holds.

        A text that is on trial itself is not kept: what one goes back to has held.
        """
        fresh = self._beside("new")
        mode = self.path.stat().st_mode & 0o777
        _write(fresh, text.encode(), mode)
        if self._on_trial is None:
            _replace(self.before, self.path.read_bytes() if self._running is None else self._running, mode)
        self._write_trial(Trial(_sha256(text.encode()), broker=broker))
        fresh.replace(self.path)
        _sync_folder(self.path.parent)

    def begin(self) -> None:
        """Begin a start of the agent: count it when the text is on trial, and go back when it had its starts."""
        trial = self._read_trial()
        if trial is not None and trial.sha256 == self._hash():
            self._on_trial = structs.replace(trial, starts=trial.starts + 1)
            if trial.refused or trial.starts >= STARTS_MAX:
                self.go_back(trial.refused or f"the agent did not come up in {trial.starts} starts")
            else:
                with contextlib.suppress(OSError):  # on a full disk the start is not counted
                    self._write_trial(self._on_trial)
        with contextlib.suppress(OSError):  # whoever reads the settings says what is wrong
            self._running = self.path.read_bytes()

    def prove(self) -> None:
        """Trust the text: the agent runs by it."""
        self._on_trial = None
        with contextlib.suppress(OSError):  # then the next start is a trial once more
            self._trial_path.unlink()
            _sync_folder(self.path.parent)

    def go_back(self, reason: str) -> bool:
        """Put back the text before, and keep the refused one aside; return whether that was possible."""
        trial = self._on_trial
        self._on_trial = None
        if trial is None:
            return False
        try:
            before = self.before.read_bytes()
            mode = self.path.stat().st_mode & 0o777
            with contextlib.suppress(OSError):  # of no use but to look at
                _replace(self.refused, self.path.read_bytes(), mode)
            self._write_trial(structs.replace(trial, refused=reason[:TEXT_MAX], at_unix_s=time.time()))
            _replace(self.path, before, mode)
        except OSError as error:
            logger.error(  # noqa: TRY400 - one line says it
                "settings before cannot be put back", extra={"event": "settings_stuck", "detail": str(error)}
            )
            return False
        logger.error(
            "agent goes back to the settings before",
            extra={"event": "settings_refused", "reason": reason, "file": str(self.path)},
        )
        return True

    def tell_refusal(self) -> bool:
        """Return whether a refusal is to be reported, once."""
        refusal = self.refusal
        if refusal is None or refusal.told:
            return False
        with contextlib.suppress(OSError):  # then it is reported at the next start once more
            self._write_trial(structs.replace(refusal, told=True))
        return True

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{ending}")

    def _hash(self) -> str:
        try:
            return _sha256(self.path.read_bytes())
        except OSError:
            return ""

    def _read_trial(self) -> Trial | None:
        try:
            return msgspec.json.decode(self._trial_path.read_bytes(), type=Trial)
        except (OSError, msgspec.MsgspecError):
            return None

    def _write_trial(self, trial: Trial) -> None:
        _replace(self._trial_path, msgspec.json.encode(trial), MODE_NEW)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _replace(path: Path, content: bytes, mode: int) -> None:
    """Give a file this content, whole or not at all, durably."""
    fresh = path.with_name(f"{path.name}.new")
    _write(fresh, content, mode)
    fresh.replace(path)
    _sync_folder(path.parent)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file and see it on the disk; nothing is left of one that was not taken."""
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        try:
            with os.fdopen(handle, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
