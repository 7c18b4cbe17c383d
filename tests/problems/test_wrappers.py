"""Wrappers: the equations that each promises, for problems of every kind, and what all must keep."""

from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import scipy.stats
import torch
from array_api_compat import array_namespace

import bench
from bench.core import Composite, Domain, Objective, Oracle
from bench.core.answers import Answers
from bench.core.oracle import books_of
from bench.core.packages import is_ours
from bench.core.registry import PROBLEMS, WRAPPERS, load
from bench.problems.wrappers.coordinates import permuted, rotated, rounded, scaled, shifted
from bench.problems.wrappers.delay import delayed
from bench.problems.wrappers.noise import noise
from bench.problems.wrappers.values import holed, quantised

load(("bench.problems",))


def squares(x, centre):
    return ((x - centre) ** 2).sum(-1)


def ridged(x):
    """Of no number's neighbours alone: whole numbers or permutations of 0 ... 3, and what is near them."""
    xp = array_namespace(x)
    return (xp.round(x) * xp.asarray([1.0, 2.0, 4.0, 8.0], dtype=x.dtype)).sum(-1)


def puts_out(x, inputs, gain):
    return inputs * x[..., None, :1] * gain[..., None] + x[..., None, 1:]


def costs_of(x, e, gain, noise=None):
    """Three steps: the square of the output less 1, and noise."""
    xp = array_namespace(x)
    inputs = xp.ones_like(x[..., None, :1]) * xp.asarray([[1.0], [2.0], [3.0]], dtype=x.dtype)
    costs = ((puts_out(x, inputs, gain) + e)[..., 0] - 1) ** 2
    return (costs if noise is None else costs + noise[..., None]), inputs


def mean_cost(x, gain, noise=None):
    xp = array_namespace(x)
    return costs_of(x, xp.zeros_like(x[..., None, :1]), gain, noise)[0].mean(-1)


def line(instance: int = 1) -> Objective:
    """A composite problem with noise: a line through inputs, of which the world says how far from 1 it is."""
    return Objective(
        mean_cost,
        dim=2,
        constants={"gain": np.full(1, 1.0 + instance)},
        composite=Composite(network=puts_out, play=costs_of, outputs=1, steps=3),
        noise=lambda rng, shape: rng.standard_normal(shape),
        f_opt=0.0,
        x_opt=np.array([0.0, 1.0]),
        instance=instance,
    )


def trough(instance: int = 1) -> Objective:
    """A quartic with a gradient in closed form, NumPy's alone, in a box of unequal sides."""
    return Objective(
        lambda x: (x**4).sum(-1) / 4 + x[..., 0],
        dim=2,
        gradient=lambda x: x**3 + np.array([1.0, 0.0]),
        domain=Domain(np.array([-2.0, -3.0]), np.array([2.0, 6.0])),
        order=1,
        arrays="numpy",
        f_opt=-0.75,
        x_opt=np.array([-1.0, 0.0]),
        instance=instance,
    )


TROUGH = trough()
BASES = {
    "trough": lambda k: TROUGH,
    "rosenbrock": lambda k: PROBLEMS["rosenbrock"].make(instance=k, dim=3),
    "rastrigin": lambda k: PROBLEMS["rastrigin"].make(instance=k, dim=2),
    "quadratic": lambda k: PROBLEMS["quadratic"].make(instance=k, dim=4, rotated=True),
    "bbob-f08": lambda k: PROBLEMS["bbob-f08"].make(instance=k, dim=3),
    "bbob-noisy-f103": lambda k: PROBLEMS["bbob-noisy-f103"].make(instance=k, dim=3),
    "mgh": lambda k: PROBLEMS["mgh-bard"].make(instance=k),
    "data": lambda k: PROBLEMS["linear-regression"].make(instance=k),
    "softmax": lambda k: PROBLEMS["softmax"].make(instance=k, data="iris"),
    "dropout": lambda k: PROBLEMS["mlp"].make(instance=k, data="iris", widths=3, dropout=0.5),
    "cartpole": lambda k: PROBLEMS["cartpole"].make(instance=k, episodes=2),
    "bandit": lambda k: PROBLEMS["bandit"].make(instance=k, data="iris", widths=3),
    "line": line,
    "integers": lambda k: Objective(ridged, 4, Domain(0, 3, kinds="integer"), order=0, f_opt=0, x_opt=np.zeros(4)),
    "mixed": lambda k: Objective(
        ridged, 4, Domain(0, 3, kinds=("real", "integer", "category", "real")), order=0, f_opt=0, x_opt=np.zeros(4)
    ),
    "permutation": lambda k: Objective(
        ridged, 4, Domain(0, 3, kinds="permutation"), order=0, f_opt=11.0, x_opt=np.array([3.0, 2.0, 1.0, 0.0])
    ),
}
CHANGES = {
    "shifted": lambda f, k: shifted(f, instance=k),
    "rotated": lambda f, k: rotated(f, instance=k),
    "scaled": lambda f, k: scaled(f, stretch=2.0, spread=100.0, factor=3.0, instance=k),
    "rounded": lambda f, k: rounded(f, step=0.25, instance=k),
    "permuted": lambda f, k: permuted(f, instance=k),
    "holed": lambda f, k: holed(f, share=0.3, instance=k),
    "quantised": lambda f, k: quantised(f, height=0.25, instance=k),
    "delayed": lambda f, k: delayed(f, seconds=1e-7, instance=k),
    "noise": lambda f, k: noise(f, instance=k),
    "noise, multiplicative": lambda f, k: noise(f, kind="multiplicative", instance=k),
    "shifted, rotated, noise": lambda f, k: noise(rotated(shifted(f, instance=k), instance=k), instance=k),
    "noise, scaled, noise": lambda f, k: noise(scaled(noise(f, instance=k), factor=2.0), law="cauchy", instance=k),
    "shifted, shifted, permuted": lambda f, k: permuted(shifted(shifted(f, instance=k), reach=2), instance=k),
}
WHOLE = ("integers", "mixed", "permutation")
TAKES_ALL = ("permuted", "holed", "quantised", "delayed", "noise", "noise, multiplicative")
PAIRS = [(base, change) for base in BASES for change in CHANGES if base not in WHOLE or change in TAKES_ALL]


def points(objective: Objective, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if objective.domain.bounded:
        return objective.domain.sample(rng, (*shape, objective.dim))
    return objective.first_point(rng) + objective.box.scale * rng.standard_normal((*shape, objective.dim))


def close(actual, expected, objective: Objective, rounding: float = 1e-11) -> None:
    actual, expected = np.asarray(actual), np.asarray(expected)
    size = np.nanmax(np.abs(expected), initial=1.0)
    atol = (1e-4 if objective.dtype == "float32" else rounding) * size
    np.testing.assert_allclose(actual, expected, rtol=0, atol=atol)


def kind_of(objective: Objective) -> str:
    return "numpy" if objective.arrays == "any" else objective.arrays


def made_of(base: str, change: str, k: int) -> Objective:
    return CHANGES[change](BASES[base](k), k)


@cache
def second_of(base: str, change: str) -> Objective:
    """By which a test chooses the pairs that it applies to."""
    return made_of(base, change, 2)


def every_pair(applies=lambda objective: True):
    """A test of the wrapped problems that have a property: one instance after the other, by number."""
    params = [pytest.param(partial(made_of, *pair), id="+".join(pair)) for pair in PAIRS if applies(second_of(*pair))]
    return pytest.mark.parametrize("made", params)


@every_pair()
def test_a_stack_has_one_formula_and_equals_its_instances_one_by_one(made):
    many = [made(k) for k in (1, 2, 3)]
    kind = kind_of(many[0])
    stacked, alone = Answers(many, kind), [Answers(item, kind) for item in many]
    assert stacked._lanes is None  # answered at once, not lane by lane
    x = np.stack([points(item, (4,), seed) for seed, item in enumerate(many)])
    close(stacked.value(x), [a.value(p) for a, p in zip(alone, x, strict=True)], many[0])
    close(stacked.score(x), [a.score(p) for a, p in zip(alone, x, strict=True)], many[0])
    if many[0].noise is not None:
        drawn = np.stack([item.noise(np.random.default_rng(k), (4,)) for k, item in enumerate(many)])
        each = [a.value(p, noise=n) for a, p, n in zip(alone, x, drawn, strict=True)]
        close(stacked.value(x, noise=drawn), each, many[0])
    if many[0].order >= 1:
        each = [a.value_and_gradient(p)[1] for a, p in zip(alone, x, strict=True)]
        close(stacked.value_and_gradient(x)[1], each, many[0])
    if many[0].order == 2:
        each = [a.hessian_vector(p, p) for a, p in zip(alone, x, strict=True)]
        close(stacked.hessian_vector(x, x), each, many[0])
    if many[0].residuals is not None:
        each = [a.jacobian(p)[2] for a, p in zip(alone, x, strict=True)]
        close(stacked.jacobian(x)[2], each, many[0])
    if many[0].row_losses is not None:
        close(stacked.row_losses(x), [a.row_losses(p) for a, p in zip(alone, x, strict=True)], many[0])
    for name, metric in stacked.metrics(x).items():
        close(metric, [a.metrics(p)[name] for a, p in zip(alone, x, strict=True)], many[0])
    if many[0].composite is not None:
        steps = many[0].composite.steps or many[0].rows
        e = np.random.default_rng(0).standard_normal((3, 4, steps, many[0].composite.outputs))
        costs, inputs = stacked.play(x, e)
        each = [a.play(p, moved) for a, p, moved in zip(alone, x, e, strict=True)]
        close(costs, [cost for cost, _ in each], many[0])
        each = [a.vjp(p, seen, moved) for a, p, seen, moved in zip(alone, x, inputs, e, strict=True)]
        close(stacked.vjp(x, inputs, e), each, many[0])


@every_pair(lambda objective: objective.arrays == "any")
def test_numpy_equals_torch(made):
    objective = made(2)
    x = points(objective, (5,))
    numpy, pytorch = Answers(objective, "numpy"), Answers(objective, "torch")
    drawn = None if objective.noise is None else objective.noise(np.random.default_rng(0), (5,))
    close(pytorch.value(torch.tensor(x), noise=drawn), numpy.value(x, noise=drawn), objective)
    if objective.order >= 1:
        pair = (pytorch.value_and_gradient(torch.tensor(x), noise=drawn), numpy.value_and_gradient(x, noise=drawn))
        close(pair[0][1], pair[1][1], objective)


@every_pair(lambda objective: objective.order >= 1)
def test_gradients_are_the_limit_of_differences_and_of_one_draw(made):
    objective = made(2)
    ask, x = Answers(replace(objective, dtype="float64"), "numpy"), points(objective, (5,))
    drawn = None if objective.noise is None else objective.noise(np.random.default_rng(0), (5,))
    v = np.random.default_rng(1).standard_normal(x.shape)
    v /= np.linalg.norm(v, axis=-1, keepdims=True)
    slope = (ask.value_and_gradient(x)[1] * v).sum(-1)
    steps = (1e-6, 1e-8)  # the shorter is for steps of f between the points of the longer
    differences = [(ask.value(x + h * v) - ask.value(x - h * v)) / (2 * h) for h in steps]
    nearest = min(differences, key=lambda difference: np.nanmax(np.abs(difference - slope), initial=0.0))
    close(slope, nearest, replace(objective, dtype="float64"), 1e-5)
    if objective.gradient is not None and objective.arrays == "any":
        gradient = ask.value_and_gradient(x, noise=drawn)[1]
        by_torch = Answers(replace(objective, gradient=None), "numpy").value_and_gradient(x, noise=drawn)[1]
        close(gradient, by_torch, objective)


@every_pair()
def test_the_facts_are_those_of_the_changed_problem(made):
    for k in (1, 2, 3):
        objective = made(k)
        starts = [objective.first_point(np.random.default_rng(seed)) for seed in range(20)]
        assert all(start.shape == (objective.dim,) and objective.domain.contains(start) for start in starts)
        assert np.isfinite(objective.f(np.stack(starts))).all()
        x = points(objective, (300,), k)
        assert objective.domain.contains(x).all() or not objective.domain.bounded
        if objective.f_opt is not None:
            rounding = (1e-5 if objective.dtype == "float32" else 1e-11) * max(1.0, abs(objective.f_opt))
            assert np.nanmin(objective.f(x)) >= objective.f_opt - rounding
            if objective.x_opt is not None:
                assert objective.domain.contains(objective.x_opt)
                assert objective.f(objective.x_opt) == pytest.approx(objective.f_opt, rel=0, abs=rounding)


@every_pair()
def test_f_of_composite_problems_is_the_mean_cost_and_of_least_squares_the_sum_of_squares(made):
    objective = made(2)
    ask, x = Answers(objective, kind_of(objective)), points(objective, (4,))
    drawn = None if objective.noise is None else objective.noise(np.random.default_rng(0), (4,))
    if objective.residuals is not None:
        f, r = ask.value_and_residuals(x)
        close(f, ask.value(x), objective)
        close((np.asarray(r) ** 2).sum(-1), f, objective)
    if objective.composite is not None:
        steps = objective.composite.steps or objective.rows
        e = np.zeros((4, steps, objective.composite.outputs))
        close(np.asarray(ask.play(x, e, noise=drawn)[0]).mean(-1), ask.value(x, noise=drawn), objective)


@every_pair()
def test_an_instance_is_always_the_same(made):
    first, again = made(2), made(2)
    x = points(first, (20,))
    assert np.array_equal(first.f(x), again.f(x), equal_nan=True)


@pytest.mark.parametrize("wrapper", ["shifted", "rotated", "permuted", "holed"])
def test_instances_differ_and_are_not_the_problems_own_draws(wrapper):
    base = Objective(squares, 6, Domain(-5, 5), constants={"centre": np.arange(6.0)})
    x = points(base, (50,))
    answers = [WRAPPERS[wrapper].function(base, instance=k).f(x) for k in (1, 2, 3)]
    assert not any(np.array_equal(answers[a], answers[b], equal_nan=True) for a, b in ((0, 1), (1, 2), (0, 2)))


# the equations


SQUARES = Objective(squares, 3, Domain(-4, 4), constants={"centre": np.array([1.0, 2, 3])}, f_opt=0.0)
SQUARES = replace(SQUARES, x_opt=np.array([1.0, 2, 3]))


def test_shifted_moves_everything():
    base = BASES["rosenbrock"](1)
    moved = shifted(base, reach=3.0, instance=4)
    shift = moved.x_opt - base.x_opt
    assert np.abs(shift).max() <= 3 and np.abs(shift).min() > 0
    x = points(base, (10,))
    np.testing.assert_allclose(moved.f(x + shift), base.f(x), rtol=1e-12)
    assert np.array_equal(moved.domain.low, base.domain.low + shift)
    assert np.array_equal(moved.domain.high, base.domain.high + shift)
    start = moved.first_point(np.random.default_rng(0))
    np.testing.assert_allclose(start, base.first_point(np.random.default_rng(0)) + shift, rtol=1e-14)


@pytest.mark.parametrize("base", ["mgh", "data", "softmax", "dropout", "bandit", "line"])
@pytest.mark.parametrize("wrapper", [shifted, rotated, scaled, rounded, permuted])
def test_every_part_of_a_problem_sees_the_changed_point(base, wrapper):
    inner = replace(BASES[base](1), dtype="float64")
    outer = wrapper(inner, instance=3)
    keys = [key for key in outer.constants if key not in inner.constants]
    own = [outer.constants[key] for key in keys]
    x = np.random.default_rng(0).standard_normal((4, inner.dim))
    z = {
        shifted: lambda: x - own[0],
        rotated: lambda: x @ own[0].T,
        scaled: lambda: x / own[0],
        rounded: lambda: 0.1 * np.round(x / 0.1),
        permuted: lambda: x[:, own[0]],
    }[wrapper]()
    at_x, at_z = Answers(outer, kind_of(inner)), Answers(inner, kind_of(inner))
    close(at_x.score(x), at_z.score(z), inner)
    assert at_x.metrics(x).keys() == inner.metrics.keys()
    for name, metric in at_z.metrics(z).items():
        close(at_x.metrics(x)[name], metric, inner)
    if inner.residuals is not None:
        close(at_x.value_and_residuals(x)[1], at_z.value_and_residuals(z)[1], inner)
    if inner.row_losses is not None:
        close(at_x.row_losses(x), at_z.row_losses(z), inner)
    if inner.composite is not None:
        steps, rng = inner.composite.steps or inner.rows, np.random.default_rng(1)
        e, v = rng.standard_normal((2, 4, steps, inner.composite.outputs))
        (costs, inputs), (costs_z, inputs_z) = at_x.play(x, e), at_z.play(z, e)
        close(costs, costs_z, inner)
        close(inputs, inputs_z, inner)
        close(at_x.network(x, inputs), at_z.network(z, inputs), inner)
        pulled = np.asarray(at_z.vjp(z, inputs, v))
        back = {
            shifted: lambda: pulled,
            rotated: lambda: pulled @ own[0],
            scaled: lambda: pulled / own[0],
            rounded: lambda: 0 * pulled,
            permuted: lambda: pulled[:, np.argsort(own[0])],
        }[wrapper]()
        close(at_x.vjp(x, inputs, v), back, inner)


def test_shifts_fill_their_reach():
    base = Objective(squares, 2000, constants={"centre": np.zeros(2000)}, x_opt=np.zeros(2000), f_opt=0)
    assert scipy.stats.kstest(shifted(base, reach=0.01).x_opt, scipy.stats.uniform(-0.01, 0.02).cdf).pvalue > 0.01


def test_rotated_turns_space_about_0_and_a_box_about_its_centre():
    base = BASES["mgh"](1)
    turned = rotated(base, instance=3)
    assert turned.f_opt == base.f_opt
    assert np.linalg.norm(turned.x_opt) == pytest.approx(np.linalg.norm(base.x_opt))
    assert not np.allclose(turned.x_opt, base.x_opt)

    norm = Objective(squares, 3, Domain(np.array([0.0, -1, 5]), np.array([2.0, 1, 7])), constants={"centre": [1, 0, 6]})
    norm = replace(norm, constants={"centre": np.array([1.0, 0, 6])})
    x = points(norm, (20,))  # distances from the centre of a cube stay
    np.testing.assert_allclose(rotated(norm).f(x), norm.f(x), rtol=1e-12)

    wide = Objective(lambda x: x[..., 0], 2, Domain(np.array([-1.0, -100]), np.array([1.0, 100])))
    matrix = rotated(wide, instance=2).constants["matrix@0"]
    assert rotated(wide, instance=2).f(np.array([0.5, 50.0])) == pytest.approx(0.5 * matrix[0].sum())


def test_rotated_claims_no_least_value_in_a_box_unless_it_is_told_that_there_is_one():
    inner = replace(SQUARES, constants={"centre": np.full(3, 0.5)}, x_opt=np.full(3, 0.5))
    plain, told = rotated(inner), rotated(inner, least_everywhere=True)
    assert plain.f_opt is None and plain.x_opt is None
    assert told.f_opt == 0 and told.f(told.x_opt) == pytest.approx(0, abs=1e-25)
    corner = replace(SQUARES, constants={"centre": np.full(3, 4.0)}, x_opt=np.full(3, 4.0))
    lost = rotated(corner, least_everywhere=True)  # a corner of the cube turns out of it
    assert lost.f_opt is None and lost.x_opt is None


def test_scaled_stretches_coordinates_and_raises_values():
    long = scaled(SQUARES, stretch=10.0, spread=100.0, factor=3.0)
    lengths = np.array([1.0, 10.0, 100.0])
    assert long.f(np.array([4.0, 0, 0])) == pytest.approx(3 * (9 + 4 + 9))
    np.testing.assert_allclose(long.x_opt, lengths * [1, 2, 3], rtol=1e-12)
    np.testing.assert_allclose(long.domain.high, 4 * lengths, rtol=1e-12)
    np.testing.assert_allclose(long.box.scale, lengths * SQUARES.box.scale, rtol=1e-12)
    assert scaled(replace(SQUARES, f_opt=2.0), factor=3.0).f_opt == 6


def test_rounded_is_a_staircase_that_knows_its_least_value_only_on_the_grid():
    steps = rounded(SQUARES, step=0.5)
    assert steps.f(np.array([1.2, 2.0, 3.3])) == pytest.approx(0.25)  # (1, 2, 3.5)
    assert np.array_equal(Answers(steps, "numpy").value_and_gradient(np.ones(3))[1], np.zeros(3))
    assert steps.f_opt == 0 and np.array_equal(steps.x_opt, [1, 2, 3])
    assert rounded(SQUARES, step=0.7).f_opt is None
    beyond = replace(SQUARES, domain=Domain(-4, 3.8))
    assert rounded(beyond, step=1.0).f_opt is None  # 3.8 is rounded to 4
    assert rounded(BASES["line"](1), step=1.0).f_opt == 0  # without bounds


def test_permuted_variables_are_those_of_the_problem():
    other = permuted(SQUARES, instance=2)
    assert sorted(other.x_opt) == [1, 2, 3] and not np.array_equal(other.x_opt, [1, 2, 3])
    order = other.constants["order@1"]
    x = points(SQUARES, (7,))
    moved = np.empty_like(x)
    moved[:, order] = x
    assert np.array_equal(other.f(moved), SQUARES.f(x))
    mixed = permuted(BASES["mixed"](1), instance=3)
    kinds = BASES["mixed"](1).domain.kinds
    assert [mixed.domain.kinds[i] for i in mixed.constants["order@0"]] == list(kinds)
    assert mixed.domain.kinds != kinds


def test_permuted_items_get_other_numbers_where_x_is_a_permutation():
    base = BASES["permutation"](1)
    other = permuted(base, instance=1)
    items = other.constants["items@0"]
    assert sorted(items) == [0, 1, 2, 3] and not np.array_equal(items, np.arange(4))
    x = points(base, (10,))
    assert np.array_equal(other.f(x), base.f(items[x.astype(int)]))
    assert np.isfinite(other.f(np.array([0.3, -7.0, 0.3, 99.0])))  # no permutation, and yet an answer
    assert np.isnan(other.f(np.full(4, np.nan)))


@pytest.mark.parametrize("base", ["rastrigin", "quadratic", "mgh", "softmax"])
def test_holes_have_their_share_and_leave_out_the_optimum_and_the_starts(base):
    objective = holed(BASES[base](2), share=0.2, instance=2)
    x = points(objective, (4000,), 5)
    ask, whole = (Answers(item, kind_of(item)) for item in (objective, BASES[base](2)))
    f, gradient = (np.asarray(answer) for answer in ask.value_and_gradient(x))
    lost = np.isnan(f)
    assert lost.mean() == pytest.approx(0.2, abs=0.05)
    assert np.isnan(gradient[lost]).all() and np.isfinite(gradient[~lost]).all()
    close(f[~lost], np.asarray(whole.value(x))[~lost], objective)
    starts = np.stack([objective.first_point(np.random.default_rng(seed)) for seed in range(100)])
    assert np.isfinite(objective.f(starts)).all()


def test_quantised_values_are_steps_above_the_least():
    steps = quantised(replace(SQUARES, f_opt=0.0), height=2.0)
    assert steps.f(np.array([2.0, 2, 3])) == 0 and steps.f(np.array([2.2, 2, 3])) == 2
    above = quantised(replace(SQUARES, f_opt=0.3), height=2.0)  # counted from f_opt
    assert above.f(np.array([2.0, 2, 3])) == pytest.approx(0.3)
    assert np.array_equal(Answers(steps, "numpy").value_and_gradient(np.zeros(3))[1], np.zeros(3))


def test_delayed_pauses_for_each_point_and_never_for_scores(monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("bench.core.oracle.sleep", pauses.append)
    slow = delayed(replace(SQUARES, gradient=lambda x, centre: 2 * (x - centre)), seconds=0.25)
    oracle = Oracle(slow, 100)
    oracle.value(np.zeros((5, 3)))
    oracle.value(np.zeros(3))
    oracle.value_and_gradient(np.zeros(3))
    Oracle([slow, slow], 100, arrays="torch").value(torch.zeros(2, 4, 3))
    assert pauses == [1.25, 0.25, 0.25, 2.0]
    Oracle(delayed(slow, seconds=0.5), 100).value(np.zeros(3))
    assert pauses[4:] == [0.75]


def test_a_delay_is_not_paid_for_lanes_that_have_ended(monkeypatch):
    pauses: list[float] = []
    monkeypatch.setattr("bench.core.oracle.sleep", pauses.append)
    oracle = Oracle([delayed(SQUARES, seconds=0.25)] * 4, 3, target=[14.0, 14.0, 14.0, -1.0])
    for _ in range(3):
        oracle.value(np.zeros((4, 3)))  # where f is 14
    assert pauses == [1.0, 0.25, 0.25]


def test_a_delay_is_the_problems_time_not_the_methods():
    oracle = Oracle(delayed(SQUARES, seconds=0.02), budget=4)
    with oracle:
        oracle.value(np.zeros((4, 3)))
    assert books_of(oracle).ledgers[0].inside >= 0.08


# noise

SCIPY = {
    "gaussian": scipy.stats.norm,
    "uniform": scipy.stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)),
    "cauchy": scipy.stats.cauchy,
}


@pytest.mark.parametrize("law", SCIPY)
@pytest.mark.parametrize("base", ["rosenbrock", "bbob-noisy-f103", "dropout", "cartpole"])
def test_noise_has_its_law_and_the_problems_own_stays(law, base):
    quiet, level = BASES[base](1), 0.5
    loud = noise(quiet, law=law, level=level)
    rows = 4000 if base in ("rosenbrock", "bbob-noisy-f103") else 200
    x = np.broadcast_to(quiet.first_point(np.random.default_rng(1)), (rows, quiet.dim)).copy()
    kind = kind_of(quiet)
    drawn = loud.noise(np.random.default_rng(7), (rows,))
    own = None if quiet.noise is None else quiet.noise(np.random.default_rng(7), (rows,))
    added = np.asarray(Answers(loud, kind).value(x, noise=drawn)) - np.asarray(Answers(quiet, kind).value(x, noise=own))
    numbers = added / level
    assert scipy.stats.kstest(numbers, SCIPY[law].cdf).pvalue > 0.001
    quartiles = np.quantile(numbers, [0.25, 0.5, 0.75])
    expected = SCIPY[law].ppf([0.25, 0.5, 0.75])
    assert (np.abs(quartiles - expected) <= 4 * np.sqrt(0.25 / rows) / SCIPY[law].pdf(expected)).all()  # 4 deviations


def test_multiplicative_noise_is_a_factor_above_the_least_value():
    raised = replace(SQUARES, formula=lambda x, centre: 5 + squares(x, centre), f_opt=5.0)
    loud = noise(raised, kind="multiplicative", level=0.3)
    x = np.zeros((3000, 3))
    drawn = loud.noise(np.random.default_rng(0), (3000,))
    f, gradient = Answers(loud, "numpy").value_and_gradient(x, noise=drawn)
    factors = (f - 5) / 14
    assert scipy.stats.kstest(np.log(factors) / 0.3, scipy.stats.norm.cdf).pvalue > 0.001
    np.testing.assert_allclose(gradient, factors[:, None] * [-2, -4, -6], rtol=1e-12)
    assert np.array_equal(Answers(loud, "numpy").value(np.tile(loud.x_opt, (2, 1)), noise=drawn[:2]), [5, 5])


@pytest.mark.parametrize("closed", [True, False])
def test_additive_noise_is_on_each_slope_and_makes_no_least_squares(closed):
    base = BASES["mgh"](1)
    loud = noise(base if closed else replace(base, gradient=None), level=10.0)
    assert loud.residuals is None and loud.scored
    x = points(loud, (3,))
    drawn = loud.noise(np.random.default_rng(0), (3,))
    quiet = Answers(BASES["mgh"](1), "numpy").value_and_gradient(x)
    f, gradient = Answers(loud, "numpy").value_and_gradient(x, noise=drawn)
    assert drawn.shape == (3, 1 + base.dim)
    np.testing.assert_allclose(gradient, quiet[1] + 10 / base.box.scale * drawn[:, 1:], rtol=1e-9)
    np.testing.assert_allclose(f, quiet[0] + 10 * drawn[:, 0], rtol=1e-12)


def test_multiplicative_noise_is_one_factor_for_all():
    base = BASES["rosenbrock"](1)
    loud = noise(base, kind="multiplicative", level=0.5)
    x, drawn = points(loud, (3,)), loud.noise(np.random.default_rng(0), (3,))
    quiet = Answers(base, "numpy").value_and_gradient(x)
    f, gradient = Answers(loud, "numpy").value_and_gradient(x, noise=drawn)
    np.testing.assert_allclose(f, quiet[0] * np.exp(0.5 * drawn[:, 0]), rtol=1e-12)
    np.testing.assert_allclose(gradient, quiet[1] * np.exp(0.5 * drawn), rtol=1e-12)


@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_both_noises_of_one_answer_are_kept_apart(arrays):
    three = noise(noise(line()), law="cauchy", level=2.0)
    rng = np.random.default_rng(5)
    numbers = (6, 1 + three.dim if three.order else 1)
    own = rng.standard_normal(6)
    first, second = rng.standard_normal(numbers)[:, 0], rng.standard_cauchy(numbers)[:, 0]
    drawn = three.noise(np.random.default_rng(5), (6,))
    x = points(three, (6,))
    asked = Answers(three, arrays).value(torch.tensor(x) if arrays == "torch" else x, noise=drawn)
    np.testing.assert_allclose(np.asarray(asked), line().f(x) + own + 0.1 * first + 2.0 * second, rtol=1e-12)


@pytest.mark.parametrize("base", ["rosenbrock", "cartpole", "softmax", "dropout", "bandit", "line"])
@pytest.mark.parametrize("lanes", [False, True])
def test_noisy_runs_are_judged_by_the_noise_free_value(base, lanes):
    loud = [noise(BASES[base](k), law="cauchy", level=100.0, instance=k) for k in (1, 2)]
    x = np.stack([item.first_point(np.random.default_rng(9)) for item in loud])
    oracle = Oracle(loud if lanes else loud[0], 3, seed=[1, 2] if lanes else 1)
    with oracle:
        oracle.recommend(x if lanes else x[0])
        for _ in range(3):
            oracle.value(x if lanes else x[0])
    expected = [
        min(ledger.first, float(item.f(p))) for ledger, item, p in zip(books_of(oracle).ledgers, loud, x, strict=False)
    ]
    assert [ledger.best for ledger in books_of(oracle).ledgers] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("name", "method", "reached"),
    [
        ("rosenbrock+shifted", "scipy-lbfgsb", 1e-8),
        ("rosenbrock+rotated+scaled", "scipy-lbfgsb", None),
        ("quadratic+permuted+scaled", "scipy-newton-cg", 1e-8),
        ("mgh-bard+rotated", "scipy-bfgs", 0.00822),
        ("quadratic+holed", "scipy-nelder-mead", None),
        ("quadratic+noise", "spsa-adam", None),
        ("rastrigin+rounded", "random-search", None),
    ],
)
def test_methods_run_on_wrapped_problems(name, method, reached):
    run = bench.minimize(bench.make(name), method, budget=3000)
    assert run.status in ("target", "budget", "returned"), run.error
    assert run.best < (run.first if reached is None else reached)


# names and parameters


def test_the_registry_knows_all_by_name():
    assert {"noise", "shifted", "rotated", "scaled", "rounded", "permuted", "holed", "quantised", "delayed"} <= {
        *WRAPPERS
    }
    made = bench.make("rosenbrock+shifted", dim=3, reach=2.0)
    assert (made.name, made.dim, made.f_opt) == ("rosenbrock+shifted", 3, 0)
    assert made.parameters == {"dim": 3, "reach": 2.0}
    assert made.f(made.x_opt) == pytest.approx(0, abs=1e-20)
    twice = bench.make("rosenbrock+rotated+noise", dim=3, law="uniform", least_everywhere=True, instance=2)
    assert twice.scored and twice.f_opt == 0 and twice.instance == 2


def test_no_parameter_of_a_wrapper_is_one_of_a_problem():
    ours = [each for each in PROBLEMS.values() if is_ours(each.function.__module__)]  # not of other tests
    taken = {name for definition in ours for name in definition.parameters}
    own = [name for definition in WRAPPERS.values() for name in definition.parameters]
    assert not taken & set(own)
    assert len(own) == len(set(own))


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("rosenbrock+shifted", {"reach": 0}, r"^rosenbrock\+shifted: reach must be positive and finite, got 0"),
        ("rosenbrock+shifted", {"far": 1}, r"^rosenbrock\+shifted has no parameter 'far'; it takes: dim=2, reach=1.0"),
        ("rosenbrock+shifted", {"reach": "far"}, r"^rosenbrock\+shifted: reach must be float, got 'far'"),
        ("rosenbrock+shiftd", {}, r"^unknown wrapper 'shiftd': did you mean shifted"),
        ("rosenbrock+noise+noise", {}, r"^rosenbrock\+noise\+noise: both .* have a parameter '(law|level|kind)'"),
        ("rosenbrock+scaled", {"spread": 0.5}, r"spread must be >= 1 and finite, got 0.5"),
        ("rosenbrock+scaled", {"factor": -1}, r"factor must be positive and finite, got -1"),
        ("rosenbrock+scaled", {"stretch": np.inf}, r"stretch must be positive and finite, got inf"),
        ("rosenbrock+rounded", {"step": -1}, r"step must be positive and finite, got -1"),
        ("rosenbrock+quantised", {"height": 0}, r"height must be positive and finite, got 0"),
        ("rosenbrock+holed", {"share": 0.6}, r"share must be > 0 and <= 0.5, got 0.6"),
        ("rosenbrock+delayed", {"seconds": 0}, r"seconds must be positive and finite, got 0"),
        ("rosenbrock+noise", {"level": -1}, r"level must be >= 0 and finite, got -1"),
        ("rosenbrock+noise", {"law": "levy"}, r"law must be one of gaussian, uniform, cauchy, got 'levy'"),
        ("rosenbrock+noise", {"law": "cauchy", "kind": "multiplicative"}, r"law must be gaussian or uniform where"),
    ],
)
def test_a_wrong_parameter_is_refused(name, parameters, message):
    with pytest.raises(ValueError, match=message):
        bench.make(name, **parameters)


@pytest.mark.parametrize("wrapper", [shifted, rotated, scaled, rounded])
@pytest.mark.parametrize(("base", "kinds"), [("permutation", "permutation"), ("mixed", "category, integer, real")])
def test_wrappers_of_points_take_real_numbers_alone(wrapper, base, kinds):
    with pytest.raises(
        ValueError, match=rf"{wrapper.__name__} takes problems of real numbers; board has kinds {kinds}"
    ):
        wrapper(replace(BASES[base](1), name="board"))


def test_rotated_takes_all_bounds_or_none():
    with pytest.raises(ValueError, match=r"rotated takes problems with all bounds or none; .* has some"):
        rotated(replace(SQUARES, domain=Domain(low=0.0)))


def test_a_hole_that_cannot_leave_out_optimum_and_starts_is_refused():
    base = Objective(lambda x: x.sum(-1), 1, Domain(-1, 1), f_opt=-1.0, x_opt=np.array([-1.0]))
    apart = replace(base, start=lambda rng: np.array([1.0]))
    with pytest.raises(
        ValueError, match=r"share must be smaller, so that a hole leaves out the optimum and the starts"
    ):
        holed(apart, share=0.5)
    assert np.isnan(holed(base, share=0.3).f(np.array([1.0])))
    drawn = iter(range(1000))  # starts that move into the hole after it was dug
    moving = holed(replace(base, start=lambda rng: np.array([-1.0 if next(drawn) < 20 else 1.0])), share=0.3)
    with pytest.raises(ValueError, match=r"no start of function lies outside its hole: share must be smaller, got 0.3"):
        moving.first_point(np.random.default_rng(0))
