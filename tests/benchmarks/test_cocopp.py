"""Our expected runtimes and distributions beside cocopp's, from the same runs, each from its own files."""

import warnings
from time import process_time

import numpy as np
import pytest

from bench.core import registry
from bench.interchange.export import export
from bench.interchange.imported import as_record
from bench.interchange.trajectories import Trajectory
from bench.measure.targets import GAPS
from bench.results.stored import Results
from bench.runner import PACKAGES
from bench.runner.store import Store

DIMS, INSTANCES, EVENTS, BUDGET = (2, 3, 5, 10, 20, 40), range(1, 16), 230, 100_000


@pytest.fixture(scope="module")
def cocopp():
    """cocopp, which warns where there is no network, and of what it finds in data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib = pytest.importorskip("matplotlib")
        matplotlib.use("Agg")
        yield pytest.importorskip("cocopp")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Results:
    """One optimizer on 24 functions, 6 dims and 15 instances, made up: gaps fall by a power of the evaluations."""
    registry.load(PACKAGES)
    rng = np.random.default_rng(0)
    evaluations = np.unique(np.geomspace(1, BUDGET, EVENTS).astype(np.int64))
    records = []
    for function in range(1, 25):
        for dim in DIMS:
            for instance in INSTANCES:
                gaps = np.minimum.accumulate(
                    1e3 * evaluations ** -rng.uniform(0.5, 3) * rng.uniform(0.5, 1, len(evaluations))
                )
                problem = f"bbob-f{function:02d}"
                trajectory = Trajectory(
                    "made", problem, "bbob", function, dim, instance, evaluations, gaps, BUDGET, f_opt=0.0, seed=0
                )
                records.append(as_record(trajectory, float(BUDGET), 0))
    store = Store(tmp_path_factory.mktemp("results") / "made", create=True)
    store.begin([item.spec for item in records], {"suite": {"name": "made"}})
    for item in records:
        store.add(item, {})
    store.close()
    return Results(store.folder)


def ours(folder):
    """Load, expected runtimes, distribution of runtimes."""
    results = Results(folder)
    return results.ert(), results.ecdf("optimizer")


def theirs(cocopp, folder):
    """Load, expected runtimes; and the data."""
    data = cocopp.load(str(folder))
    return {(ds.funcId, ds.dim): ds.detERT(GAPS) for ds in data}, data


@pytest.mark.filterwarnings("ignore")
def test_runtimes_beside_cocopp(benchmark, results, cocopp, tmp_path):
    (folder,) = export(results, "coco", tmp_path / "coco").paths
    begin = process_time()
    found, data = theirs(cocopp, folder)
    slow = process_time() - begin
    begin = process_time()
    table, distribution = ours(results.folder)
    quick = process_time() - begin
    benchmark.pedantic(ours, (results.folder,), rounds=3)
    benchmark.extra_info.update(cocopp_cpu_seconds=slow, our_cpu_seconds=quick, ratio=slow / quick)
    print(
        f"\n{len(results.runs):,} runs: cocopp loads them and has ERTs in {slow:.2f} s of CPU, "
        f"we have ERTs and ECDF in {quick:.2f} s: {slow / quick:.1f} times"
    )
    for row in table.itertuples():
        value = found[int(row.problem[-2:]), row.dim][GAPS.index(row.target)]
        assert value == pytest.approx(row.ert, rel=1e-12)
    assert len(table) == len(found) * len(GAPS) == 24 * len(DIMS) * len(GAPS)
    evaluations = np.concatenate([np.concatenate(ds.detEvals(GAPS)) for ds in data])
    assert (distribution.pairs == len(evaluations)).all()
    for row in distribution.itertuples():
        assert row.fraction == np.count_nonzero(evaluations <= row.cost) / row.pairs
    assert quick < slow
