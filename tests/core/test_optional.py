from __future__ import annotations

import pytest

from genconvit.core.errors import ConfigError
from genconvit.core.optional import require


def test_a_missing_package_is_named_with_the_way_to_get_it() -> None:
    expected = r"a forecast needs crystal-ball \(No module named 'crystal_ball'\); pip install 'genconvit\[magic\]'"
    with pytest.raises(ConfigError, match=expected):
        require("crystal_ball", package="crystal-ball", extra="magic", purpose="a forecast")


def test_a_package_that_is_there_is_enough() -> None:
    require("json", package="json", extra="none", purpose="this")
