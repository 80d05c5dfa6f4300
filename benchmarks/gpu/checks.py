"""Runs the tests that are marked gpu, and tells of each as soon as it has ended.

What is installed on a strange machine may warn of anything: warnings are shown there, and fail no test.
"""

import sys
from pathlib import Path

import pytest

from benchmarks.gpu.outcome import tell

TESTS = Path(__file__).resolve().parents[2] / "tests"
LONGEST = 2000


class Teller:
    """Tells of a test that has ended, and what it said where it did not pass."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for the set-up, the run and the clean-up of each test."""
        if report.when == "call" or report.outcome != "passed":
            said = {} if report.passed else {"said": report.longreprtext[-LONGEST:]}
            tell(test=report.nodeid, outcome=report.outcome, seconds=round(report.duration, 2), **said)


def main() -> int:
    """Run them, from the files that have any: the others may need what is not installed."""
    files = [str(path) for path in sorted(TESTS.rglob("test_*.py")) if "mark.gpu" in path.read_text(encoding="utf-8")]
    options = ["-m", "gpu", "-W", "default", "-p", "no:cacheprovider", "--durations", "5"]
    return pytest.main([*options, *files], plugins=[Teller()])


if __name__ == "__main__":
    sys.exit(main())
