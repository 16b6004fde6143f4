"""Write log records to standard error, one line each: time, level, text, and the data as `key=value`."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime

_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class OneLine(logging.Formatter):
    """Formats a record as one line; a traceback follows as one quoted value."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        facts = {name: value for name, value in record.__dict__.items() if name not in _STANDARD}
        if record.exc_info:
            facts["traceback"] = self.formatException(record.exc_info)
        said = " ".join(f"{name}={_quoted(value)}" for name, value in facts.items())
        return f"{at} {record.levelname.lower()} {record.name}: {_one_line(record.getMessage())} {said}".rstrip()


def log_to_stderr(level: int = logging.INFO) -> None:
    """Let all records of this process go to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=level, handlers=[handler])


def _one_line(text: str) -> str:
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _quoted(value: object) -> str:
    text = str(value)
    return text if text and all(sign.isalnum() or sign in "._:/+-@" for sign in text) else repr(text)
