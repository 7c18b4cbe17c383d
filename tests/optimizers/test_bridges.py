"""Bridges beside their libraries called bare: the slow tests run every one that `bridges` curates, the others a few."""

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from bench.core import Objective, registry
from tests.optimizers import bridges
from tests.optimizers.bridges import BBOB, BRIDGES, MOST, Bare, Bridge, Comparison, Enough, compare, entry

registry.load(("bench.problems", "bench.optimizers"))
QUICK = ("scipy-nelder-mead", "scipy-powell", "scipy-lbfgsb", "pycma")
NAMES = [bridge.name for bridge in BRIDGES]
# where another way of calling the library is faster by more than the bound, and a cell on which that way is slower by
# more than the bound: no one way is better on both
KNOWN = {
    # a triangulation of the box begins with its corners, of which one is the minimum of a linear slope
    ("scipy-shgo", "f5 5-D"): "f10 5-D",
    # in a box that is a wall nothing is lost outside, and the corner that is the minimum of f5 is never met
    ("nevergrad-OnePlusOne", "f11 5-D"): "f5 5-D",
    ("nevergrad-OnePlusOne", "f11 10-D"): "f5 10-D",
    ("nevergrad-TwoPointsDE", "f1 5-D"): "f5 5-D",
    ("nevergrad-TwoPointsDE", "f11 5-D"): "f5 5-D",
    # without bounds NGOpt chooses another method, which needs 38 values on f1, and on f5 61 for 19
    ("nevergrad-NGOpt", "f1 5-D"): "f5 5-D",
    ("nevergrad-NGOpt", "f1 10-D"): "f5 10-D",
}


def bowl(x: np.ndarray) -> np.ndarray:
    return ((x - 1) ** 2).sum(-1)


BOWL = Objective(bowl, 2, f_opt=0.0, gradient=lambda x: 2 * (x - 1), start=lambda rng: np.array([4.0, 5.0]))


def test_bare_counts_what_it_answers() -> None:
    """From 25 the gaps 1e2 (at the start, which is free), then 1e1 at the third value, then all at the gradient."""
    f = Bare(BOWL, 100, 0)
    for x in ([6.0, 6.0], [5.0, 5.0], [3.0, 3.0]):
        f.value(np.array(x))
    assert f.value_and_gradient(np.ones(2))[0] == 0
    np.testing.assert_array_equal(f.reached, [0, 3, *[6] * 9])
    with pytest.raises(Enough):
        f.value(np.zeros(2))


def test_bare_ends_at_the_budget() -> None:
    f = Bare(BOWL, 4, 0)
    f.value_and_gradient(f.x0)
    f.value(f.x0)
    with pytest.raises(Enough):
        f.value(f.x0)
    assert f.spent == 4


def test_both_sides_have_the_same_starts() -> None:
    cell = BBOB[0]
    objective = cell.make(3)
    f, oracle = Bare(objective, 10, 3), bridges.open_oracle(objective, registry.find_optimizer("pycma"), 10, 3, gap=0)
    np.testing.assert_array_equal(f.x0, oracle.x0)
    oracle.restart()
    np.testing.assert_array_equal(f.restart(), oracle.x0)
    assert f.rng.random() == oracle.rng.random()


def row(bare: float, at_door: float, low: float, gap: float = 1e-8) -> Comparison:
    return Comparison("a", "b", "c", gap, bare, at_door, low, 3.0)


@pytest.mark.parametrize(
    ("comparison", "holds", "text"),
    [
        (row(100, 100, 1.0), True, "1.00"),
        (row(100, 149, 1.2), True, "1.49"),
        (row(100, 160, 0.9), True, "1.60 [0.90, 3]"),
        (row(100, 160, 1.1), False, "1.60 **above**"),
        (row(100, np.inf, np.inf), False, "∞ **above**"),
        (row(100, 100, 1.0, 0.1), True, "1.00 at 1e-1"),
        (row(100, 100, 1.0, 10.0), True, "1.00 at 1e1"),
        (row(np.inf, np.inf, 1.0, 100.0), True, "-"),
    ],
)
def test_an_entry_says_how_far_the_bridge_is(comparison: Comparison, holds: bool, text: str) -> None:
    assert comparison.holds == holds or text == "-"
    assert entry(comparison) == text


def test_a_handicapped_bridge_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nelder-Mead as its library begins it, with steps of 5 %, beside steps of the domain's scale."""
    nelder_mead = BRIDGES[NAMES.index("scipy-nelder-mead")]
    slow = nelder_mead.ways["5 %"]
    monkeypatch.setattr(bridges, "through", lambda name, *run: bridges.bare(slow, *run))
    assert not compare(nelder_mead, BBOB[0]).holds


def test_intervals_are_paired(monkeypatch: pytest.MonkeyPatch) -> None:
    """Costs from 10 to 1,400 that are 1.6 times as high on each seed: unpaired, the interval would hold 1."""
    costs = np.tile(10.0 * np.geomspace(1, 140, 15)[:, None], len(bridges.GAPS))
    monkeypatch.setattr(bridges, "bare", lambda way, objective, budget, seed: costs[seed])
    monkeypatch.setattr(bridges, "through", lambda name, objective, budget, seed: 1.6 * costs[seed])
    comparison = compare(BRIDGES[0], BBOB[0])
    assert (comparison.ratio, comparison.low, comparison.high) == pytest.approx((1.6, 1.6, 1.6))
    assert not comparison.holds


def test_failed_runs_cost_the_budget_in_the_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 of 15 reach it, and 3 spend 2,000. In 3.5 % of the resamples none of these is drawn: the low end is 1."""
    costs = np.full((15, len(bridges.GAPS)), 10.0)
    ours = np.where(np.arange(15)[:, None] < 12, costs, np.inf)
    monkeypatch.setattr(bridges, "bare", lambda way, objective, budget, seed: costs[seed])
    monkeypatch.setattr(bridges, "through", lambda name, objective, budget, seed: ours[seed])
    comparison = compare(BRIDGES[0], BBOB[0])
    assert comparison.through == pytest.approx((12 * 10 + 3 * 2000) / 12)
    assert comparison.low <= 1 < comparison.high


def test_what_was_measured_last_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bridges, "STORE", tmp_path / "bridges.jsonl")
    assert bridges.stored() == {}
    lines = [[["bridge", "a", "b"], {"x": 1}], [["bridge", "a", "c"], {"x": np.inf}], [["bridge", "a", "b"], {"x": 2}]]
    bridges.STORE.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert bridges.stored() == {("bridge", "a", "b"): {"x": 2}, ("bridge", "a", "c"): {"x": np.inf}}


@pytest.mark.parametrize(
    "name, cell",
    [*product(QUICK, (BBOB[0], BBOB[2])), ("pycma", BBOB[3])],
    ids=lambda part: getattr(part, "label", part),
)
def test_a_bridge_is_as_fast_as_its_library(name: str, cell: bridges.Cell) -> None:
    comparison = compare(BRIDGES[NAMES.index(name)], cell, seeds=5)
    assert np.isfinite(comparison.bare)
    assert comparison.holds, comparison


@pytest.mark.slow
@pytest.mark.parametrize("bridge", BRIDGES, ids=NAMES)
def test_every_curated_bridge_is_as_fast_as_its_library(bridge: Bridge) -> None:
    above = [row for cell in bridge.cells if not (row := compare(bridge, cell)).holds]
    assert {row.cell for row in above} <= {cell for name, cell in KNOWN if name == bridge.name}
    for row in above:
        (elsewhere,) = (cell for cell in bridge.cells if cell.label == KNOWN[bridge.name, row.cell])
        there = compare(bridge, elsewhere)
        assert there.through * MOST <= there.ways[row.way], (row, there)


def test_published_runtimes_are_those_of_2009() -> None:
    """The 15 runs of NELDER on f1 in 5-D took 3,533 evaluations, and none of those on f10 in 10-D came to 1e-8."""
    pytest.importorskip("cocopp")
    assert bridges.published("NELDER", 1, 5) == pytest.approx(3533 / 15)
    assert bridges.published("NELDER", 10, 10) == np.inf


def test_the_readme_has_a_row_of_every_bridge() -> None:
    """`python tests/optimizers/bridges.py` writes them."""
    text = bridges.README.read_text()
    rows = {line.split("`")[1] for line in text.splitlines() if line.startswith("| `") and line.count("|") > 3}
    assert rows >= {*NAMES, *bridges.PUBLISHED}
