"""A pytest plugin: how an optimizer converges, beside how long it takes, on top of pytest-benchmark.

`--benchmark-compare` then fails where an optimizer got worse, by the rule of `python -m bench check`, or where its own
seconds (those between the answers of the oracle), over those of a reference loop that is timed in the same session, are
more than `--slower` times those before.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from bench.track import KEY

if TYPE_CHECKING:
    from bench.results.stored import Results

SLOWER = 3.0  # times as many seconds as before, of reference loops: what a shared machine does not do by itself
LOOPS = 20_000  # of the reference loop, some 20 ms


def pytest_addoption(parser: pytest.Parser) -> None:
    """--worse and --slower, beside the options of pytest-benchmark."""
    group = parser.getgroup("benchmark")
    group.addoption("--worse", default="10%", metavar="PERCENT", help="Optimizers: what ratio is a regression.")
    group.addoption("--slower", default=SLOWER, type=float, metavar="N", help="Optimizers: what ratio of seconds is.")


@pytest.fixture
def optimizer_benchmark(benchmark: Any) -> "Callable[..., Results]":
    """A function that runs an optimizer, times it and keeps what it reached in the benchmark's extra_info.

    optimizer_benchmark("torch-adam[lr=0.1]", problems=["rosenbrock"], seeds=15, budget=1000, instances=(1,), rounds=3)
    answers with the results of the last round.
    """

    def measure(
        optimizer: str,
        problems: Sequence[str],
        *,
        seeds: int = 15,
        budget: float = 1000,
        instances: Sequence[int] = (1,),
        rounds: int = 3,
    ) -> "Results":
        from bench.core import registry
        from bench.runner import PACKAGES
        from bench.track.figures import figures

        registry.load(PACKAGES)
        made: list[Results] = []
        run = _runner(optimizer, problems, made, budget=budget, seeds=seeds, instances=tuple(instances))
        reference = [_reference()]
        benchmark.pedantic(run, rounds=rounds, iterations=1)
        reference.append(_reference())
        seconds = {"seconds": min(float(results.runs.outside.sum()) for results in made), "reference": min(reference)}
        benchmark.extra_info[KEY] = {**figures(made[-1], optimizer), **seconds}
        return made[-1]

    return measure


def _runner(optimizer: str, problems: Sequence[str], made: "list[Results]", **options: Any) -> Callable[[], None]:
    """A function that runs it all, and adds the results to `made`."""
    import tempfile
    from pathlib import Path

    from bench.results.stored import Results
    from bench.runner.campaign import run_suite
    from bench.runner.launch import Launch
    from bench.runner.suite import make_suite

    suite = make_suite(list(problems), [optimizer], name="benchmark", **options)

    def run() -> None:
        with tempfile.TemporaryDirectory(prefix="fogbench-") as folder:
            run_suite(suite, Path(folder) / "benchmark", Launch(children=False, pictures=False))
            results = Results(Path(folder) / "benchmark")
            _ = results.trajectories  # read while they are there
        made.append(results)

    return run


def _reference() -> float:
    """Seconds of a loop over small arrays, the least of five: what optimizers do, and this machine's pace now."""
    from timeit import repeat

    import numpy as np

    x, y = np.linspace(0, 1, 10), np.linspace(1, 2, 10)
    return min(repeat(lambda: float((x * y).sum()), number=LOOPS, repeat=5))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare with the saved benchmarks, and fail where an optimizer got worse."""
    benchmarks = getattr(session.config, "_benchmarksession", None)
    if benchmarks is None or not benchmarks.compared_mapping:
        return
    lines = []
    for path, saved in benchmarks.compared_mapping.items():
        try:
            lines += _regressions(benchmarks.benchmarks, saved, session.config)
        except ValueError as error:
            lines.append(f"{path}: {error}")
    session.config.stash[LINES] = lines
    if lines and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


LINES = pytest.StashKey[list[str]]()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What got worse, a line each."""
    for line in terminalreporter.config.stash.get(LINES, []):
        terminalreporter.write_line(line, red=True)


def _regressions(benchmarks: Any, saved: Any, config: pytest.Config) -> list[str]:
    """What got worse since the benchmarks were saved, a line each. Raises ValueError for what cannot be compared."""
    from bench.track.check import MEASURE_WORDS, fraction, ratio
    from bench.track.figures import paired
    from bench.track.paired import compare

    ours = [
        each
        for each in benchmarks
        if KEY in each.extra_info and KEY in saved.get(each.fullname, {}).get("extra_info", {})
    ]
    if not ours:
        return []
    lines = []
    figures = [{**each.extra_info[KEY], "optimizer": each.name} for each in ours]
    before = [{**saved[each.fullname]["extra_info"][KEY], "optimizer": each.name} for each in ours]
    table = compare(paired(before, figures), fraction(str(config.getoption("--worse"))))
    for row in table[(table.problem == "") & (table.change == "worse")].itertuples():
        lines.append(f"{row.optimizer} got worse: {MEASURE_WORDS[row.measure]} {ratio(row.ratio, row.low, row.high)}")
    for each, then in zip(ours, before, strict=True):
        now = each.extra_info[KEY]
        slower = (now["seconds"] / now["reference"]) / (then["seconds"] / then["reference"])
        if slower > config.getoption("--slower"):
            lines.append(f"{each.name} got slower: {slower:.1f} times the seconds of before, over a reference loop")
    return lines
