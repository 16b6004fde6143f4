"""Under which account PostgreSQL runs: it refuses root, and LiveShelf must run in a container that has nothing else.

An ordinary user runs it directly. Root runs it in a user namespace in which root is `nobody`: no user is created and
the files stay root's own. Where the kernel refuses namespaces, an existing system user takes over.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass

from database.errors import EmbeddedServerError

OVERFLOW_ID = 65534
"""`nobody` on Linux: the account root appears as inside the namespace (kernel.overflowuid)."""

SYSTEM_USERS = ("postgres", "nobody", "daemon")
"""Who may take over, in this order."""

NAMESPACE = ("unshare", "--user", f"--map-user={OVERFLOW_ID}", f"--map-group={OVERFLOW_ID}", "--")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """How to start a program so that it is not root: a command to put before it, or a user to become."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    @property
    def uid(self) -> int | None:
        """The user id to become, or None to stay what we are."""
        return None if self.user is None else pwd.getpwnam(self.user).pw_uid

    @property
    def gid(self) -> int | None:
        """The group id to become, or None to stay what we are."""
        return None if self.user is None else pwd.getpwnam(self.user).pw_gid


def choose_account() -> Account:
    """Return the account for this process to run PostgreSQL under. Raises EmbeddedServerError when there is none."""
    if os.geteuid() != 0:
        return Account()
    if _namespace_works():
        return Account(prefix=NAMESPACE)
    return system_account()


def system_account() -> Account:
    """Return the first existing system user PostgreSQL may run as."""
    for user in SYSTEM_USERS:
        try:
            pwd.getpwnam(user)
        except KeyError:
            continue
        return Account(user=user)
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, user namespaces are refused, and none of the users {', '.join(SYSTEM_USERS)}"
        " exists: start LiveShelf as an ordinary user, or set LIVESHELF_DATABASE_URL"
    )


def _namespace_works() -> bool:
    try:
        tried = subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return tried.returncode == 0
