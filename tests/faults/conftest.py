"""The odd and the evil methods are registered for all tests of faults."""

import pytest

from bench.core import registry
from bench.runner import PACKAGES


@pytest.fixture(scope="session", autouse=True)
def evil_methods(odd):
    """See `odd`."""
    registry.load(PACKAGES, ("evil_methods",))
    yield
    for names in (registry.PROBLEMS, registry.OPTIMIZERS):
        for name in [name for name in names if name.startswith("evil")]:
            del names[name]
