"""MeZO: its steps, what it holds, and the transformer beside Adam."""

from typing import Any

import numpy as np
import pytest
import torch

import bench
from bench.core import Array, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.optimizers.mezo import CHUNK, move
from bench.runner.single import play
from bench.runner.suite import Group, Suite, parse_entry

torch.set_num_threads(1)
registry.load(("bench.problems", "bench.optimizers"))


def bowl(x: Array, c: Array) -> Array:
    return 0.5 * (c * x**2).sum(-1)


def asked(objective: Objective, budget: float, seed: int = 0, **given: Any) -> tuple[np.ndarray, Any]:
    """The points of a run in two dimensions from (1, 2), and its books."""
    oracle = Oracle(objective, budget, seed, start=np.array([1.0, 2.0]), order=0, arrays="torch")
    definition = registry.find_optimizer("mezo")
    assert play(oracle, definition.function, registry.settings(definition, given), restarts=False) == ""
    books = books_of(oracle)
    return np.array(books.ledgers[0].points), books


def test_two_values_beside_the_iterate_and_a_step_by_their_slope_along_the_same_direction() -> None:
    """Algorithm 1: the direction is the difference of the two points, and the next pair lies around the new iterate."""
    c = np.array([1.0, 3.0])
    points, _ = asked(Objective(bowl, 2, constants={"c": c}), 8, lr=0.1, eps=0.01)
    pairs = points.reshape(4, 2, 2)
    scale = Oracle(Objective(bowl, 2, constants={"c": c}), 1, start=np.array([1.0, 2.0])).scale
    center = np.array([1.0, 2.0])
    for plus, minus in pairs:
        np.testing.assert_allclose((plus + minus) / 2, center, atol=1e-12)
        z = (plus - minus) / 2 / 0.01 / scale
        slope = (bowl(plus, c) - bowl(minus, c)) / 0.02
        center = center - 0.1 * slope * z * scale
    assert np.abs(pairs[0, 0] - pairs[0, 1]).max() > 1e-3


def test_a_direction_is_drawn_again_from_its_seed_chunk_by_chunk() -> None:
    x = torch.zeros(2, CHUNK + 5, dtype=torch.float64)
    one, seeds = torch.ones_like(x), torch.tensor([3, 4])
    move(x, seeds, torch.tensor([1.0, 2.0], dtype=torch.float64), one)
    for lane, length in enumerate((1.0, 2.0)):  # what a lane is given does not depend on others
        alone = torch.zeros(1, CHUNK + 5, dtype=torch.float64)
        move(alone, seeds[lane : lane + 1], length, one[:1])
        np.testing.assert_array_equal(x[lane], alone[0])
    z = x / torch.tensor([[1.0], [2.0]], dtype=torch.float64)
    assert (z.mean(1).abs() < 0.03).all() and (z.std(1) - 1).abs().max() < 0.02
    assert abs(float(torch.corrcoef(z)[0, 1])) < 0.03 and z[0, :5].ne(z[0, CHUNK:]).all()  # lanes and chunks differ
    move(x, seeds, torch.tensor([-1.0, -2.0], dtype=torch.float64), one)
    assert x.abs().max() < 1e-12


def test_it_holds_its_seed_beside_the_point() -> None:
    _, books = asked(Objective(bowl, 2, constants={"c": np.ones(2)}), 40)
    assert books.state_bytes == 8


@pytest.mark.slow
def test_on_a_transformer_it_learns_without_state_where_adam_holds_two_vectors(tmp_path, monkeypatch) -> None:
    """The same budget: a step of MeZO is two values, one of Adam costs three. Printed: loss and memory, of 27,008
    parameters for longer, and of 799,488, where memory counts."""
    monkeypatch.chdir(tmp_path)
    entries = [[parse_entry(text)] for text in ("transformer", "transformer[width=128,depth=4]")]
    rules = tuple(map(parse_entry, ("mezo[lr=0.1]", "torch-adam[lr=0.003]")))
    groups = [
        Group(tuple(problems), rules, budget=budget, seeds=1, solo=True)
        for problems, budget in zip(entries, (60, 2), strict=True)
    ]
    results = bench.run(Suite("mezo", tuple(groups)), workers=1, report=False)
    runs = results.runs.set_index(["dim", "optimizer"])[["first", "final", "state_bytes", "peak_memory"]].sort_index()
    print(runs.to_string())
    small, large = sorted(set(results.runs.dim))
    (adam,) = [name for name in runs.loc[small].index if not name.startswith("mezo")]
    (mezo,) = [name for name in runs.loc[small].index if name.startswith("mezo")]
    for dim in (small, large):
        assert runs.state_bytes[dim, mezo] == 8  # its seed
        assert runs.state_bytes[dim, adam] == 8 * dim
    assert runs.final[small, mezo] < runs["first"][small, mezo] - 0.01
    assert runs.final[small, adam] < runs.final[small, mezo]
    if runs.peak_memory.notna().all():  # without what a backward pass keeps of the forward one
        assert runs.peak_memory[large, mezo] < runs.peak_memory[large, adam]
