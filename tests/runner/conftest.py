"""The odd methods are registered for all tests of the runner."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def odd_methods(odd):
    """See `odd`."""
