"""``python -m genconvit`` is the same program as ``genconvit``."""

from genconvit.cli import main

main()
