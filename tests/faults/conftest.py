"""The odd and the evil methods are registered for all tests of faults, and for those alone."""

import sys

import pytest

from bench.core import registry
from bench.runner import PACKAGES


@pytest.fixture(scope="module", autouse=True)
def evil_methods(odd):
    """See `odd`."""
    registry.load(PACKAGES, ("evil_methods",))
    yield
    for names in (registry.PROBLEMS, registry.OPTIMIZERS):
        for name in [name for name in names if name.startswith("evil")]:
            del names[name]
    sys.modules.pop("evil_methods", None)  # which registers them again
