"""For all tests: one thread, and the same products whatever the width of a batch."""

import gc
import os
import signal
import sqlite3
import sys
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

import bench  # noqa: F401  # sets MKL_CBWR before torch is loaded
from bench.core import registry
from bench.report.measured import PRICES
from bench.runner import PACKAGES, processes
from bench.runner.launch import HEAVY

ODD = str(Path(__file__).parent / "modules")
LIMIT = 60  # CPU seconds of a test, which a busy machine may double
MANY = 15  # files
# the report's, which share pages and a browser that take seconds: file by file they would be made again each time
REPORT, BROWSER = "tests/report", "tests/report, in a browser"
IN_BROWSER = tuple(f"tests/report/test_{name}.py" for name in ("browser", "parity", "regressions", "small"))
# what takes half a minute or more begins first, the longest before the others: begun last, all would wait for it
LONGEST = (REPORT, BROWSER, "tests/optimizers/test_contract.py", "tests/test_docs.py", "tests/test_slow_functions.py",
           "tests/test_cli.py", "tests/runner/test_cluster.py", "tests/faults/test_table.py",
           "tests/track/test_plugin.py", "tests/problems/test_contract.py", "tests/track/test_check.py",
           "tests/measure/test_calibration.py")  # fmt: skip
gc.set_threshold(50_000, 50, 50)  # thousands of tests and torch are a large heap to search, and little of it is garbage

os.environ.setdefault("MPLBACKEND", "Agg")
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"


class Preloaded(set):
    """What the server of child processes imports: where a test needs any module, all that others need. Another server
    for each new need would import again and again what takes seconds."""

    def update(self, *modules):
        needed = {*HEAVY, "cma", "cmaes", "dfols", "gymnasium", "nlopt", "optuna", "pytorch_optimizer", "schedulefree"}
        super().update(*modules, needed | {name.partition(".")[0] for name in needed} if any(modules) else ())


class Unsynced(sqlite3.Connection):
    """Its commits do not wait for the disk: tests end processes and cut no power, and a disk that all use is slow."""

    def execute(self, statement, *values):
        return super().execute(statement.replace("synchronous=FULL", "synchronous=OFF"), *values)


processes._preloaded = Preloaded()
sqlite3.connect = partial(sqlite3.connect, factory=Unsynced)


def cpu_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """A test that takes over LIMIT CPU seconds fails, unless it is marked as slow: `make test` is for every change."""
    began = cpu_seconds()
    result = yield
    used = cpu_seconds() - began
    if used > LIMIT and item.get_closest_marker("slow") is None:
        pytest.fail(
            f"it took {used:.0f} s of CPU time, over {LIMIT}: make it cheaper, or mark it as slow", pytrace=False
        )
    return result


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """Three for two cores: for a quarter of their time tests wait, for processes, a browser, clocks."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", cores + (cores + 1) // 2))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """File by file, as --dist=loadfile says, but REPORT and BROWSER. LONGEST begin first, then those of most tests."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            if nodeid.startswith("tests/report/"):
                return BROWSER if nodeid.startswith(IN_BROWSER) else REPORT
            return super()._split_scope(nodeid)

        def _assign_work_unit(self, node):
            if not self.assigned_work[node]:  # the first of this process
                for scope in reversed(LONGEST):
                    if scope in self.workqueue:
                        self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    return Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(tryfirst=True)
def pytest_keyboard_interrupt():
    """A second Ctrl-C ends all at once, without the traceback of whatever waits for the processes of tests."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def pytest_collection_finish():
    """The collector searches no more through tests and libraries: they stay as long as the session."""
    gc.freeze()


def pytest_terminal_summary(terminalreporter):
    """The files that took longest, of a run of many."""
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid.split("::")[0]] += report.duration
    if len(seconds) >= MANY:
        terminalreporter.section(f"seconds of the {MANY} slowest of {len(seconds)} files")
        for file, of_file in seconds.most_common(MANY):
            terminalreporter.line(f"{of_file:6.1f} {file}")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models here are small: more threads are slower, and disturb each other."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture
def figures():
    """Asked for by a test that reads what reports draw for papers; see `pages_alone`."""


@pytest.fixture
def prices():
    """Asked for by a test whose reports have all prices; see `pages_alone`."""


@pytest.fixture(autouse=True)
def pages_alone(request, monkeypatch):
    """Reports are written without their figures and LaTeX tables for papers, which take two seconds of three, and at
    the prices of the suite alone, but in the tests of reports, and where a test asks for `figures` or `prices`."""
    if "report" not in request.path.parts:
        if "figures" not in request.fixturenames:
            monkeypatch.setattr("bench.report.page._for_papers", lambda report, folder, failed: {})
        if "prices" not in request.fixturenames:
            monkeypatch.setattr("bench.report.measured.PRICES", PRICES[:1])


@pytest.fixture
def unanswered(monkeypatch):
    """For tests of what `compare` asks and stores: it prints no answer, which takes most of its seconds."""
    monkeypatch.setattr("bench.api.answer", lambda *_: "")


@pytest.fixture
def one_process(monkeypatch):
    """However busy the machine is, no function of a test is taken for a slow one, whose calls nobody here counts."""
    for module in ("bench.api", "bench.runner.trial"):
        monkeypatch.setattr(f"{module}.SLOW", 1.0)
    for name in ("QUIET", "TOLD"):  # seconds of all: nor is it asked once more for an estimate, or that said
        monkeypatch.setattr(f"bench.api.{name}", 1e9)


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
