"""The process that is the iotcore broker: `python -P iotcore_child.py CONFIG.toml`.

It imports nothing of ours, because it is started by its path. The broker has no way to be stopped but the end of its
process; that comes by SIGTERM, or when the parent's end of our standard input closes because the parent is gone.
"""

from __future__ import annotations

import logging
import os
import sys
import threading


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    """Run the broker until the process ends."""
    from iotcore.iotcore import IotCoreBroker

    # rumqttd wraps its routing in error spans: every packet would be logged as an error.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    IotCoreBroker(config_path=sys.argv[1]).run_forever()


if __name__ == "__main__":
    main()
