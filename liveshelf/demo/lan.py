"""How a phone on the same network finds the demo: the address of this machine there, and a QR code for it."""

from __future__ import annotations

import io
import socket

SOMEWHERE_ELSE = ("192.0.2.1", 9)
"""An address no machine has (TEST-NET-1, RFC 5737): asked only by which of our addresses it would be reached."""


def lan_address() -> str | None:
    """Return the IPv4 address of this machine in its network, or None without one. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE_ELSE)  # a datagram socket only looks up the way
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address


def qr_code(text: str) -> str:
    """Return a QR code (ISO/IEC 18004) to print in a terminal, two modules a character, black and white set by it."""
    import segno

    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, border=2, compact=True)
    return drawn.getvalue()
