"""The process that becomes mosquitto: `python -I mosquitto_child.py STARTER COMMAND...`.

mosquitto does not notice that the program which started it is gone, and would keep its port for ever; so the kernel is
asked to end it then (PR_SET_PDEATHSIG, prctl(2)). The kernel forgets that wish when a process changes its user, which
mosquitto does when root starts it: so the user changes here, before. It imports nothing of ours, because it is started
by its path, and STARTER is the process number of who started it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import signal
import sys

PR_SET_PDEATHSIG = 1
"""linux/prctl.h"""

ACCOUNTS = ("mosquitto", "nobody")
"""Whom mosquitto would become itself, in this order."""


def main() -> None:
    """Take an ordinary user, ask to end with the starter, and become the command."""
    starter, *command = sys.argv[1:]
    if os.geteuid() == 0:
        _leave_root()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(starter):
        sys.exit("the program that started the broker is gone")
    os.execv(command[0], command)


def _leave_root() -> None:
    for name in ACCOUNTS:
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)
        return


if __name__ == "__main__":
    main()
