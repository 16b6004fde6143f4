"""Write the reference of the wire anew: `python -m liveshelf.reference [folder]`, by default `docs/reference`."""

from __future__ import annotations

import sys
from pathlib import Path

from liveshelf.reference.documents import PAGE, documents

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "reference"


def write(folder: Path) -> None:
    """Write every document into the folder and say so; the page must be there, its generated parts are renewed."""
    texts = documents((folder / PAGE).read_text(encoding="utf-8"))
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
        print(f"wrote {name}")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
