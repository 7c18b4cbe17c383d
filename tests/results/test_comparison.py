"""What results hand out of a comparison: frames of the caller's own, at the prices that were asked for."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from bench.core import registry
from bench.results.stored import Results
from bench.runner import PACKAGES


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Stored runs of several problems and optimizers."""
    registry.load(PACKAGES)
    return Path(shutil.copytree(Path(__file__).parents[1] / "data" / "old", tmp_path_factory.mktemp("stored") / "old"))


def test_a_frame_that_is_changed_stays_as_it_was(folder):
    results = Results(folder)
    for measure in (results.ert, results.runtimes, results.best_optimizers, results.convergence, results.areas):
        frame, before = measure(), measure().copy()
        first, *_, last = frame.columns
        del frame[first]
        frame[last] = 0
        pd.testing.assert_frame_equal(measure(), before)


def test_a_view_has_the_name_that_it_was_asked_by(folder):
    comparison = Results(folder).comparison
    ones = dict.fromkeys(comparison.prices, 1.0)
    assert [comparison.at(prices).name for prices in ("passes", ones, None, "cost")] == ["passes", *["cost"] * 3]
    dear = comparison.at(dict.fromkeys(ones, 10.0))
    assert dear.convergence.cost.max() == 10 * comparison.at(ones).convergence.cost.max()
