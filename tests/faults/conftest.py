"""The odd and the evil methods are registered for all tests of faults, and for those alone."""

import sys
from multiprocessing import forkserver

import pytest

from bench.core import registry
from bench.runner import PACKAGES, processes


@pytest.fixture(scope="module", autouse=True)
def evil_methods(odd):
    """See `odd`."""
    registry.load(PACKAGES, ("evil_methods",))
    # where a server has what other tests needed, each that follows a killed one takes seconds to begin
    forkserver._forkserver._stop()  # pyright: ignore[reportAttributeAccessIssue]  # the stubs lack it
    processes._preloaded.clear()
    yield
    for names in (registry.PROBLEMS, registry.OPTIMIZERS):
        for name in [name for name in names if name.startswith("evil")]:
            del names[name]
    sys.modules.pop("evil_methods", None)  # which registers them again
