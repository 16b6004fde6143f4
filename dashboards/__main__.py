"""`python -m dashboards`: the pages and the API of the cloud part on one port; settings from the environment."""

from __future__ import annotations

import sys

from cloud.serving import serve
from cloud.settings import settings_from_environment
from contract.errors import LiveShelfError
from contract.logs import log_to_stderr
from dashboards.settings import web_settings_from_environment
from dashboards.web.app import make_site


def main() -> int:
    """Serve until SIGTERM or SIGINT; return the exit code."""
    log_to_stderr()
    try:
        settings, clock = settings_from_environment()
        site = make_site(settings, web_settings_from_environment(), clock)
        serve(site, settings, on_stop=site.stop)
    except LiveShelfError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
