"""Print the OpenAPI document of the API: `python -m cloud.openapi > docs/reference/openapi.json`."""

from __future__ import annotations

import json
import sys

from cloud.app import document, make_app
from cloud.settings import CloudSettings
from contract.clock import ShopClock


def text() -> str:
    """Return the document as it is committed."""
    app = make_app(CloudSettings(database_url="postgresql://"), ShopClock())
    return json.dumps(document(app), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(text())
