"""What is measured does not depend on the order in which runs were stored, which is that in which they ended."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import bench
from bench.core.ledger import QUESTIONS
from bench.report.measured import Report
from bench.results.stored import Results

TABLES = (
    "answer", "scores", "duels", "pairs", "crossings", "best", "solved-by-optimizer", "solved-by-family", "convergence",
    "ert", "values", "failures", "endings",
)  # fmt: skip
FRAMES = ("areas", "bayesian", "virtual_best", "scaling", "data_profile", "performance_profile", "faults")


@pytest.fixture(scope="module")
def stored(odd, tmp_path_factory):
    """Runs of all orders, with and without f_opt, of which some fail."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("order"))
        bench.run(
            problems=["rosenbrock[dim=2,3]", "rastrigin", "odd-black-box"],
            optimizers=["scipy-bfgs", "random-search", "scipy-nelder-mead", "odd-crash"],
            budget=150, seeds=6, name="order", report=False, workers=1,
            imports=["odd_methods"],
        )  # fmt: skip
        return Path("results/order").resolve()


def shuffled(folder, seed) -> Results:
    results = Results(folder)
    order = np.random.default_rng(seed).permutation(len(results._rows))
    results._rows = [results._rows[place] for place in order]
    return results


@pytest.fixture(scope="module")
def both(stored):
    return Results(stored), shuffled(stored, 1)


@pytest.fixture(scope="module")
def reports(both):
    return tuple(map(Report, both))


@pytest.mark.parametrize("name", TABLES)
def test_tables_are_those_of_any_order(reports, name):
    one, other = (report.tables[name] for report in reports)
    pd.testing.assert_frame_equal(one, other, check_exact=True)


@pytest.mark.parametrize("name", FRAMES)
def test_frames_are_those_of_any_order(both, name):
    one, other = (getattr(results, name)() for results in both)
    if name == "areas":  # a row a run
        key = ["problem", "dim", "optimizer", "instance", "seed"]
        one, other = (
            frame.merge(results.runs[["run", *key]], on="run").sort_values(key, ignore_index=True).drop(columns="run")
            for frame, results in zip((one, other), both, strict=True)
        )
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def test_the_sentence_is_that_of_any_order(both):
    assert both[0].sentence() == both[1].sentence()
    assert len(both[0].runs) == 4 * 4 * 6
    assert both[1].runs[list(QUESTIONS)].sum().tolist() == both[0].runs[list(QUESTIONS)].sum().tolist()
    assert both[1].runs.seed.tolist() != both[0].runs.seed.tolist()
