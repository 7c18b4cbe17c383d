"""A pytest plugin: how an optimizer converges, beside how long it takes, on top of pytest-benchmark.

`--benchmark-compare` then fails where an optimizer got worse, by the rule of `python -m bench check`, or where its own
seconds (those between the answers of the oracle), over those of a reference loop that is timed in the same session, are
more than `--slower` times those before, whenever they are timed again. What is not compared is said.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

from bench.track import KEY

if TYPE_CHECKING:
    from bench.results.stored import Results

SLOWER = 3.0  # times as many seconds as before, of reference loops: what a shared machine does not do by itself
AGAIN = 12  # more rounds, at most, while an optimizer seems to be slower: a busy machine is not busy in all of them
LOOPS = 20_000  # of the reference loop, some 20 ms
LINES, NOTES = pytest.StashKey[list[str]](), pytest.StashKey[list[str]]()  # what got worse; what else is to be said


def pytest_addoption(parser: pytest.Parser) -> None:
    """--worse and --slower, beside the options of pytest-benchmark."""
    group = parser.getgroup("benchmark")
    group.addoption("--worse", default="10%", metavar="PERCENT", help="Optimizers: what ratio is a regression.")
    group.addoption("--slower", default=SLOWER, type=float, metavar="N", help="Optimizers: what ratio of seconds is.")


@pytest.fixture
def optimizer_benchmark(benchmark: Any, pytestconfig: pytest.Config) -> "Callable[..., Results]":
    """A function that runs an optimizer, times it and keeps what it reached in the benchmark's extra_info.

    optimizer_benchmark("torch-adam[lr=0.1]", problems=["rosenbrock"], seeds=15, budget=1000, instances=(1,), rounds=3)
    answers with the results of the last round. With --benchmark-compare, more rounds follow while it seems slower.
    """
    if hasattr(pytestconfig, "workerinput") and pytestconfig.getoption("benchmark_compare"):
        pytest.fail("not compared: pytest-benchmark measures nothing in processes of pytest-xdist; leave -n out", False)

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
        references = [_reference()]
        benchmark.pedantic(run, rounds=rounds, iterations=1)
        references.append(_reference())
        for _ in range(AGAIN):
            if _slower(_seconds(made, references), _before(pytestconfig, benchmark)) <= _limit(pytestconfig):
                break
            run()
            references.append(_reference())
        benchmark.extra_info[KEY] = {**figures(made[-1], optimizer), **_seconds(made, references)}
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


def _seconds(made: "Sequence[Results]", references: Sequence[float]) -> dict[str, float]:
    """Seconds of the method, the least of all rounds for each run, and of the reference loop."""
    import numpy as np

    return {"seconds": float(np.min([results.runs.outside for results in made], axis=0).sum()),
            "reference": min(references)}  # fmt: skip


def _before(config: pytest.Config, benchmark: Any) -> list[Mapping[str, Any]]:
    """The figures with which a benchmark is compared, those of each saved file that has it."""
    session: Any = getattr(config, "_benchmarksession", None)
    files = (session and session.compared_mapping) or {}
    saved = [each.get(benchmark.fullname, {}).get("extra_info", {}) for each in files.values()]
    return [facts[KEY] for facts in saved if KEY in facts]


def _slower(now: Mapping[str, float], before: Sequence[Mapping[str, float]]) -> float:
    """How many times as many seconds as any of those before, over those of the reference loops; 0 without any."""
    paces = [now["seconds"] / now["reference"] / (then["seconds"] / then["reference"]) for then in before]
    return max(paces, default=0.0)


def _limit(config: pytest.Config) -> float:
    return float(str(config.getoption("--slower")))


def _reference() -> float:
    """Seconds of a loop over small arrays, the least of five: what optimizers do, and this machine's pace now."""
    from timeit import repeat

    import numpy as np

    x, y = np.linspace(0, 1, 10), np.linspace(1, 2, 10)
    return min(repeat(lambda: float((x * y).sum()), number=LOOPS, repeat=5))


@pytest.hookimpl(optionalhook=True)
def pytest_benchmark_compare_machine_info(config: pytest.Config, machine_info: Any, compared_benchmark: Any) -> None:
    """Say where the saved benchmarks are of another machine."""
    both = [
        [each.get("cpu", {}).get("brand_raw", ""), *(each.get(name, "") for name in ("system", "python_version"))]
        for each in (compared_benchmark.get("machine_info", {}), machine_info)
    ]
    if changes := [f"{then}, here {now}" for then, now in zip(*both, strict=True) if then != now]:
        what = f"The saved benchmarks are of another machine ({'; '.join(changes)}): "
        means = "last digits may differ, which counts as equal, and seconds over a reference loop are only roughly so"
        config.stash.setdefault(NOTES, []).append(what + means)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Compare with the saved benchmarks, and fail where an optimizer got worse."""
    benchmarks = getattr(session.config, "_benchmarksession", None)
    if benchmarks is None or not benchmarks.compare or hasattr(session.config, "workerinput"):
        return
    ours = [each for each in benchmarks.benchmarks if KEY in each.extra_info]
    lines: list[str] = []
    notes = session.config.stash.setdefault(NOTES, [])
    if ours and not benchmarks.compared_mapping:
        notes.append("No optimizer was compared: no saved benchmark was found, of this version of Python")
    for path, saved in (benchmarks.compared_mapping or {}).items():
        known = [each for each in ours if KEY in saved.get(each.fullname, {}).get("extra_info", {})]
        if missing := [each.name for each in ours if each not in known]:
            notes.append(f"Not compared, as {path} has no figures of them: {', '.join(missing)}")
        try:
            lines += _regressions(known, saved, session.config) if known else []
        except ValueError as error:
            lines.append(f"{path}: {error}")
    session.config.stash[LINES] = lines
    if lines and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What got worse, and what was not compared, a line each."""
    for line in terminalreporter.config.stash.get(LINES, []):
        terminalreporter.write_line(line, red=True)
    for line in terminalreporter.config.stash.get(NOTES, []):
        terminalreporter.write_line(line, yellow=True)


def _regressions(ours: Sequence[Any], saved: Any, config: pytest.Config) -> list[str]:
    """What got worse since the benchmarks were saved, a line each. Raises ValueError for what cannot be compared."""
    from bench.measure.words import cell_name
    from bench.track.check import MEASURE_WORDS, fraction, ratio
    from bench.track.figures import paired
    from bench.track.paired import compare

    lines = []
    figures = [{**each.extra_info[KEY], "optimizer": each.name} for each in ours]
    before = [{**saved[each.fullname]["extra_info"][KEY], "optimizer": each.name} for each in ours]
    table: Any = compare(paired(before, figures), fraction(str(config.getoption("--worse"))))
    for row in table[(table.problem == "") & (table.change == "worse")].itertuples():
        of_problems = table[(table.optimizer == row.optimizer) & (table.measure == row.measure) & (table.problem != "")]
        most = of_problems.loc[of_problems.low.idxmax()]
        values = [ratio(each.ratio, each.low, each.high) for each in (row, most)]
        worst = f"most on {cell_name(most.problem, int(most.dim))}: {values[1]}"
        lines.append(f"{row.optimizer} got worse: {MEASURE_WORDS[row.measure]} {values[0]}, {worst}")
    for now, then in zip(figures, before, strict=True):
        slower = _slower(now, [then])
        if slower > _limit(config):
            name = now["optimizer"]
            lines.append(f"{name} got slower: {slower:.1f} times the seconds of before, over a reference loop")
    return lines
