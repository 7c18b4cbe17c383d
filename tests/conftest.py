"""For all tests: one thread, and the same products whatever the width of a batch."""

import gc
import os
import sys
from pathlib import Path

import pytest

import bench  # noqa: F401  # sets MKL_CBWR before torch is loaded
from bench.core import registry
from bench.runner import PACKAGES

ODD = str(Path(__file__).parent / "modules")
gc.set_threshold(50_000, 50, 50)  # thousands of tests and torch are a large heap to search, and little of it is garbage

os.environ.setdefault("MPLBACKEND", "Agg")
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models here are small: more threads are slower, and disturb each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def figures():
    """Asked for by a test that reads what reports draw for papers; see `pages_alone`."""


@pytest.fixture(autouse=True)
def pages_alone(request, monkeypatch):
    """Reports are written without their figures and LaTeX tables for papers, which take two seconds of three, but in
    the tests of reports, of the READMEs, and where a test asks for `figures`."""
    if not {"report", "test_docs.py"} & {*request.path.parts} and "figures" not in request.fixturenames:
        monkeypatch.setattr("bench.report.page._for_papers", lambda report, folder: {})


@pytest.fixture
def one_process(monkeypatch):
    """However busy the machine is, no function of a test is taken for a slow one, whose calls nobody here counts."""
    for module in ("bench.api", "bench.runner.trial"):
        monkeypatch.setattr(f"{module}.SLOW", 1.0)
    monkeypatch.setattr("bench.api.QUIET", 1e9)  # seconds of all: nor is it asked once more for an estimate


@pytest.fixture(scope="session")
def odd():
    """The module's name, as `--import` takes it."""
    sys.path.insert(0, ODD)
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [ODD, before]))
    registry.load(PACKAGES, ("odd_methods",))
    yield "odd_methods"
    for names in (registry.PROBLEMS, registry.OPTIMIZERS):
        for name in [name for name in names if name.startswith("odd-")]:
            del names[name]
    sys.modules.pop("odd_methods")
    sys.path.remove(ODD)
    os.environ["PYTHONPATH"] = before
