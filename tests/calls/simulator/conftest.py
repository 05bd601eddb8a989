"""A town for each test."""

import pytest

from tests.calls.simulator.town import Town


@pytest.fixture
def town(db: None) -> Town:
    return Town()
