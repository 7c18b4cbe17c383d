"""Muon and its variants on real matrices, each beside a step that is written out, and AdaHessian."""

from typing import Any

import numpy as np
import pytest
import torch

from bench.core import Array, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.runner.single import play

torch.set_num_threads(1)
registry.load(("bench.optimizers",))
SHAPES = ((6, 4), (4,), (4, 5), (2, 1, 2, 2))
SIZES = [int(np.prod(shape)) for shape in SHAPES]
DIM, STEPS, LR, DECAY = sum(SIZES), 6, 0.02, 0.1
START = np.random.default_rng(3).standard_normal(DIM)
CURVATURES = np.linspace(0.5, 4, DIM)


def bowl(x: Array, curvatures: Array) -> Array:
    return 0.5 * (curvatures * x**2).sum(-1)


def parts(x: np.ndarray) -> list[np.ndarray]:
    ends = np.cumsum([0, *SIZES])
    return [x[low:high].reshape(shape) for low, high, shape in zip(ends, ends[1:], SHAPES, strict=False)]


def reached(name: str, steps: int = STEPS, price: float = 3, **given: Any) -> list[np.ndarray]:
    """The layers after so many steps."""
    definition = registry.find_optimizer(name)
    if missing := registry.missing(definition):
        pytest.skip(f"needs {', '.join(missing)}")
    objective = Objective(bowl, DIM, constants={"curvatures": CURVATURES}, shapes=SHAPES)
    oracle = Oracle(objective, steps * price, start=START, order=definition.order, arrays="torch")
    assert play(oracle, definition.function, registry.settings(definition, given), restarts=False) == ""
    answer: Any = books_of(oracle).recommended
    return parts(answer.numpy())


def newton_schulz(m: np.ndarray) -> np.ndarray:
    """Five steps with the coefficients of Jordan et al. 2024, on the wide side."""
    y = (m if m.shape[0] <= m.shape[1] else m.T) / np.linalg.norm(m)
    for _ in range(5):
        s = y @ y.T
        y = 3.4445 * y - 4.7750 * s @ y + 2.0315 * s @ s @ y
    return y if m.shape[0] <= m.shape[1] else y.T


def adamw(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Loshchilov & Hutter 2019, algorithm 2, as torch has it."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t in range(1, STEPS + 1):
        g = c * w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        w = w - LR * DECAY * w - LR * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return w


def normuon(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Li et al. 2025, algorithm 1."""
    m, v = np.zeros_like(w), np.zeros(len(w))
    for _ in range(STEPS):
        m = 0.95 * m + 0.05 * c * w
        o = newton_schulz(m)
        v = 0.95 * v + 0.05 * (o**2).mean(1)
        o = o / (np.sqrt(v)[:, None] + 1e-8)
        w = w - LR * DECAY * w - 0.2 * LR * np.sqrt(w.size) / np.linalg.norm(o) * o
    return w


def adamuon(w: np.ndarray, c: np.ndarray, signs: bool) -> np.ndarray:
    """Si, Zhang & Shen 2025, algorithm 1; without signs that of the first version."""
    m, v = np.zeros_like(w), np.zeros_like(w)
    for _ in range(STEPS):
        m = 0.95 * m + 0.05 * c * w
        o = newton_schulz(np.sign(m) if signs else m)
        v = 0.95 * v + 0.05 * o**2
        o = o / (np.sqrt(v) + 1e-8)
        w = w - LR * DECAY * w - 0.2 * LR * np.sqrt(w.size) / np.linalg.norm(o) * o
    return w


def signed(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    return adamuon(w, c, signs=True)


def unsigned(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    return adamuon(w, c, signs=False)


@pytest.mark.parametrize(
    "name, reference, given",
    [("normuon", normuon, {}), ("adamuon", signed, {}), ("adamuon", unsigned, {"signs": False})],
)
def test_matrices_go_by_the_algorithm_of_the_paper_and_the_rest_by_adamw(
    name: str, reference: Any, given: dict
) -> None:
    layers = reached(name, lr=LR, weight_decay=DECAY, **given)
    for layer, start, c in zip(layers, parts(START), parts(CURVATURES), strict=True):
        rule = reference if start.ndim == 2 else adamw
        np.testing.assert_allclose(layer, rule(start, c), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["normuon", "adamuon"])
def test_a_schedule_reaches_matrices_and_the_rest(name: str) -> None:
    constant, falling = (reached(name, steps=2, lr=LR, schedule=schedule) for schedule in ("constant", "linear"))
    for whole, less, start in zip(constant, falling, parts(START), strict=True):
        assert np.abs(less - start).max() < np.abs(whole - start).max()


def muon(w: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Jordan et al. 2024 with Nesterov's momentum, at the size of AdamW's steps: 0.2 sqrt(max(rows, columns))."""
    m = np.zeros_like(w)
    for _ in range(STEPS):
        g = c * w
        m = 0.95 * m + 0.05 * g
        o = newton_schulz(0.95 * m + 0.05 * g)
        w = w - LR * DECAY * w - 0.2 * LR * np.sqrt(max(w.shape)) * o
    return w


def test_torch_muon_makes_matrices_orthogonal_and_sends_the_rest_to_adamw() -> None:
    """To the precision of bfloat16, in which torch makes them so."""
    layers = reached("torch-muon", lr=LR, weight_decay=DECAY)
    for layer, start, c in zip(layers, parts(START), parts(CURVATURES), strict=True):
        expected = muon(start, c) if start.ndim == 2 else adamw(start, c)
        tolerance = 0.02 * np.abs(expected - start).max() if start.ndim == 2 else 1e-9
        np.testing.assert_allclose(layer, expected, atol=tolerance)
        assert np.abs(expected - adamw(start, c)).max() > 10 * tolerance or start.ndim != 2
    step = parts(START)[0] * (1 - LR * DECAY) - reached("torch-muon", steps=1, lr=LR, weight_decay=DECAY)[0]
    values = np.linalg.svd(step / (0.2 * LR * np.sqrt(6)), compute_uv=False)
    assert values.min() > 0.6 and values.max() < 1.3


def test_adahessian_averages_the_diagonal_over_kernels() -> None:
    """Yao et al. 2021, algorithm 1 with equation 10: on a diagonal Hessian every estimate is exact."""
    layers = reached("adahessian", price=9, lr=LR)
    for layer, start, c in zip(layers, parts(START), parts(CURVATURES), strict=True):
        d = np.broadcast_to(c.mean((-2, -1), keepdims=True), c.shape) if c.ndim == 4 else c
        w, m, v = start, np.zeros_like(start), np.zeros_like(start)
        for t in range(1, STEPS + 1):
            m, v = 0.9 * m + 0.1 * c * w, 0.999 * v + 0.001 * d**2
            w = w - LR * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-4)
        np.testing.assert_allclose(layer, w, rtol=1e-9)


def test_adahessian_without_kernels_is_diagonal_newton() -> None:
    ours, other = (reached(name, price=9, lr=LR)[:3] for name in ("adahessian", "diagonal-newton"))
    for layer, same in zip(ours, other, strict=True):
        np.testing.assert_allclose(layer, same, rtol=1e-9)


def test_adahessian_to_half_a_power_is_between_newton_and_the_gradient() -> None:
    layers = reached("adahessian", steps=1, price=9, lr=LR, power=0.5)
    for layer, start, c in zip(layers[:3], parts(START), parts(CURVATURES), strict=False):
        np.testing.assert_allclose(start - layer, LR * c * start / (np.sqrt(c) + 1e-4), rtol=1e-9)
