"""Limits of what is kept of Content Credentials, for the process that reads them and the one that believes nothing."""

from __future__ import annotations

MAX_TEXT = 200
"""The most characters of a claim."""

MAX_REASON = 2000
"""The most characters of a reason."""

MAX_MANIFESTS = 8
MAX_TOOLS = 4
MAX_ACTIONS = 32
MAX_INGREDIENTS = 16
MAX_CHECKS = 16

MAX_ALL_TEXT = 5000
"""The most characters of all claims together, but for the last one: six bytes each in JSON, and twelve at most."""
