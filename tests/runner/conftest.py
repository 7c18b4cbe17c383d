"""The odd methods of these tests, importable by name here and in child processes."""

import os
import sys
from pathlib import Path

import pytest

from bench.core import registry
from bench.runner import PACKAGES

HERE = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def odd():
    """The module's name, as `--import` takes it."""
    sys.path.insert(0, str(HERE))
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE), before]))
    registry.load(PACKAGES, ("odd_methods",))
    yield "odd_methods"
    for names in (registry.PROBLEMS, registry.OPTIMIZERS):
        for name in [name for name in names if name.startswith("odd-")]:
            del names[name]
    registry._loaded.discard("odd_methods")
    sys.modules.pop("odd_methods")
    sys.path.remove(str(HERE))
    os.environ["PYTHONPATH"] = before
