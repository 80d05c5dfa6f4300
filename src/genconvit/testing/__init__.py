"""The contract of a plugin as checks, for its author's own tests.

Examples:
    In a test file of the plugin:

        import pytest
        from genconvit.testing import Check, contract_checks

        @pytest.mark.parametrize("check", contract_checks("siamese"), ids=str)
        def test_the_contract(check: Check) -> None:
            check.run()
"""

from genconvit.testing.check import Check, CheckResult, SkippedError
from genconvit.testing.suite import contract_checks

__all__ = ["Check", "CheckResult", "SkippedError", "contract_checks"]
