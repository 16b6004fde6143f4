"""Open the page in the browser of whoever started the demo, if there is anybody to see it."""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Mapping


def has_browser(environ: Mapping[str, str], *, platform: str = sys.platform) -> bool:
    """Tell whether somebody sits before a screen: a display, or a browser named by BROWSER (as `webbrowser` has it)."""
    named = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    return platform != "linux" or any(environ.get(name) for name in named)


def open_page(url: str) -> None:
    """Ask the system to show a page. It may take its time, and a browser in the terminal even longer."""
    threading.Thread(target=webbrowser.open, args=(url,), name="browser", daemon=True).start()
