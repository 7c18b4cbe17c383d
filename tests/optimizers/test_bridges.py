"""Bridges beside their libraries called bare: the slow tests run every one that `bridges` curates, the others a few."""

import numpy as np
import pytest

from bench.core import Objective, registry
from tests.optimizers import bridges
from tests.optimizers.bridges import BBOB, BRIDGES, Bare, Bridge, Comparison, Enough, compare, entry

registry.load(("problems", "optimizers"))
QUICK = ("scipy-nelder-mead", "scipy-powell", "scipy-lbfgsb", "pycma")
NAMES = [bridge.name for bridge in BRIDGES]


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


@pytest.mark.parametrize("cell", [BBOB[0], BBOB[2]], ids=["f1", "f8"])
@pytest.mark.parametrize("name", QUICK)
def test_a_bridge_is_as_fast_as_its_library(name: str, cell: bridges.Cell) -> None:
    comparison = compare(BRIDGES[NAMES.index(name)], cell, seeds=5)
    assert np.isfinite(comparison.bare)
    assert comparison.holds, comparison


@pytest.mark.slow
@pytest.mark.parametrize("bridge", BRIDGES, ids=NAMES)
def test_every_curated_bridge_is_as_fast_as_its_library(bridge: Bridge) -> None:
    rows = [compare(bridge, cell) for cell in bridge.cells]
    assert [row for row in rows if not row.holds] == []


def test_published_runtimes_are_those_of_2009() -> None:
    """The 15 runs of NELDER on f1 in 5-D took 3,533 evaluations, and none of those on f10 in 10-D came to 1e-8."""
    pytest.importorskip("cocopp")
    assert bridges.published("NELDER", 1, 5) == pytest.approx(3533 / 15)
    assert bridges.published("NELDER", 10, 10) == np.inf
