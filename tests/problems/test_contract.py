"""What every registered problem must keep, whatever it is: no test here names one.

A problem in a module of your own: `python -m pytest -p my_module tests/problems/test_contract.py -k my-problem`.
"""

import dis
import functools
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.core import Array, Objective
from bench.core.answers import Answers
from bench.core.registry import PROBLEMS, ProblemDefinition, load, missing

load(("bench.problems",))

# relative to the size of the values compared; learning problems compute in float32
MUCH, ROWS = 10**6, 32
ROUNDING = {"float64": 1e-12, "float32": 1e-5}


def made(definition: ProblemDefinition, instance: int = 1) -> Objective:
    """An instance; of a large network on much data, with its first rows alone: the others tell nothing new here."""
    objective = definition.make(instance=instance)
    if objective.f_opt is not None or objective.rows * objective.dim < MUCH:
        return objective
    data, test = ({key: rows[:ROWS] for key, rows in of.items()} for of in (objective.data, objective.test))
    return replace(objective, data=data, test=test)


@functools.cache
def instance_of(name: str, instance: int = 1) -> Objective:
    """An instance that is made once for all tests."""
    return made(PROBLEMS[name], instance)


# one instance of each, by which a test chooses those it applies to; one that cannot be built fails where all are tested
BUILT: dict[str, Objective] = {}
for name in sorted(PROBLEMS):
    with suppress(ValueError):
        BUILT[name] = instance_of(name)


def parametrised(definitions: Iterable[ProblemDefinition]) -> pytest.MarkDecorator:
    """A test of each of these problems; one whose modules are not installed is skipped."""
    params = [
        pytest.param(
            definition,
            id=definition.name,
            marks=pytest.mark.skipif(bool(missing(definition)), reason=f"needs {', '.join(missing(definition))}"),
        )
        for definition in definitions
    ]
    return pytest.mark.parametrize("definition", params)


def where(applies: Callable[[Objective], object]) -> pytest.MarkDecorator:
    """A test of the problems that have a property."""
    return parametrised(PROBLEMS[name] for name, objective in BUILT.items() if applies(objective))


ALL = [PROBLEMS[name] for name in sorted(PROBLEMS)]
every = parametrised(ALL)
of_instances = parametrised(
    definition
    for definition in ALL
    if any(code.argval == "instance" for code in dis.get_instructions(definition.function))
)
of_order_1 = where(lambda objective: objective.order >= 1)
of_order_2 = where(lambda objective: objective.order == 2)
of_composites = where(lambda objective: objective.composite)


@pytest.fixture
def objective(definition: ProblemDefinition) -> Objective:
    return instance_of(definition.name)


def points(objective: Objective, shape: tuple[int, ...], seed: int = 0) -> np.ndarray:
    """Points (*shape, dim) of the domain: uniform in its box, or around a start."""
    rng = np.random.default_rng(seed)
    if objective.domain.bounded:
        return objective.domain.sample(rng, (*shape, objective.dim))
    return objective.first_point(rng) + objective.box.scale * rng.standard_normal((*shape, objective.dim))


def answers(objective: Objective, arrays: str | None = None) -> Answers:
    return Answers(objective, arrays or ("numpy" if objective.arrays == "any" else objective.arrays))


def double(objective: Objective) -> Answers:
    """The answers in float64, by torch's differentiation, for comparison with differences."""
    return Answers(replace(objective, dtype="float64", gradient=None), "numpy")


def assert_close(actual: object, expected: object, rounding: float, slack: float = 0.0) -> None:
    """Equal up to `rounding` times the size of the whole answer (f may cancel to any number near 0), and `slack`."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=0, atol=rounding * max(1.0, np.abs(expected).max()) + slack)


LAST_BITS = 1 + 8 * np.finfo(float).eps


def slack(moved: object, answer: object) -> float:
    """How far answers move with LAST_BITS of x: another order of summation may move a rugged function as far."""
    apart = np.abs(np.asarray(moved) - np.asarray(answer))
    return float(np.where(np.isfinite(apart), apart, 0).max())


@every
def test_source_names_a_year(definition: ProblemDefinition) -> None:
    assert re.search(r"\b(1[89]|20)\d\d\b", definition.source)


@every
def test_a_wrong_parameter_is_refused(definition: ProblemDefinition) -> None:
    with pytest.raises(ValueError, match="instance must be >= 1"):
        definition.make(instance=0)
    for name, parameter in definition.parameters.items():
        if parameter.annotation in (int, float):  # no size, length or weight is below zero
            with pytest.raises(ValueError, match=rf"{name} must be .*got -1"):
                definition.make(**{name: -1})


@where(lambda objective: objective.f_opt is not None)
def test_the_optimum_has_the_least_value(objective: Objective) -> None:
    rounding = ROUNDING[objective.dtype] * max(1.0, abs(objective.f_opt))
    assert (objective.f(points(objective, (500,))) >= objective.f_opt - rounding).all()
    if objective.x_opt is not None:
        assert objective.x_opt.shape == (objective.dim,)
        assert objective.domain.contains(objective.x_opt)
        assert objective.f(objective.x_opt) == pytest.approx(objective.f_opt, rel=0, abs=rounding)


@every
def test_starts_are_points_of_the_domain_that_follow_the_generator(objective: Objective) -> None:
    starts = [objective.first_point(np.random.default_rng(seed)) for seed in (*range(8), 0)]
    assert all(start.shape == (objective.dim,) and objective.domain.contains(start) for start in starts)
    assert np.array_equal(starts[0], starts[-1])
    apart = (1, 8) if objective.data else (8,)  # where batches of data tell seeds apart, all may start at one point
    assert len({tuple(start) for start in starts}) in apart


@functools.cache
def values_of(name: str, instance: int) -> np.ndarray:
    """Those of an instance at twenty points of the first."""
    return instance_of(name, instance).f(points(instance_of(name), (20,)))


@every
def test_an_instance_is_always_the_same(definition: ProblemDefinition) -> None:
    again = made(definition, 2).f(points(instance_of(definition.name), (20,)))
    assert np.array_equal(values_of(definition.name, 2), again)


@of_instances
def test_an_instance_that_is_read_makes_a_difference(definition: ProblemDefinition) -> None:
    assert not np.array_equal(values_of(definition.name, 1), values_of(definition.name, 2))


@every
def test_batched_equals_looped(objective: Objective) -> None:
    x = points(objective, (3, 2))
    ask = answers(objective)
    rounding = ROUNDING[objective.dtype]
    values = ask.value(x)
    looped = [[ask.value(point) for point in row] for row in x]
    assert_close(values, looped, rounding, slack(ask.value(x * LAST_BITS), values))
    if objective.order >= 1:
        looped = [[ask.value_and_gradient(point)[1] for point in row] for row in x]

        def gradient(x: np.ndarray) -> np.ndarray:
            return ask.value_and_gradient(x)[1]

        slopes = gradient(x)
        assert_close(slopes, looped, rounding, slack(gradient(x * LAST_BITS), slopes))


@every
def test_a_point_that_is_not_a_number_is_no_improvement(objective: Objective) -> None:
    value = float(objective.f(np.full(objective.dim, np.nan)))
    assert np.isnan(value) or value >= objective.f(points(objective, (50,))).max()


@where(lambda objective: objective.arrays == "any")
def test_numpy_equals_torch(objective: Objective) -> None:
    x = points(objective, (4, 3))
    numpy, pytorch = answers(objective, "numpy"), answers(objective, "torch")
    value = pytorch.value(torch.tensor(x))
    assert value.dtype == torch.float64
    assert_close(value, numpy.value(x), ROUNDING["float64"])
    if objective.order >= 1:
        assert_close(
            pytorch.value_and_gradient(torch.tensor(x))[1], numpy.value_and_gradient(x)[1], ROUNDING["float64"]
        )


@every
def test_a_stack_equals_its_instances_one_by_one(definition: ProblemDefinition) -> None:
    """Asked with arrays of NumPy and of torch; the first two are one instance, at points of their own."""
    many = [instance_of(definition.name, k) for k in (1, 1, 2)]
    x, v = (np.stack([points(item, (2, 2), seed)[lane % 2] for lane, item in enumerate(many)]) for seed in (1, 2))
    rounding, both, alone = ROUNDING[many[0].dtype], many[0].arrays == "any", []
    for arrays in ("numpy", "torch"):
        x, v = (x, v) if arrays == "numpy" else (torch.tensor(x), torch.tensor(v))
        stacked = everything(answers(many, arrays), many[0].order, x, v)
        if both or not alone:  # others compute with the same library each time
            alone = [everything(answers(item, arrays), item.order, *at) for item, *at in zip(many, x, v, strict=True)]
        moved = everything(answers(many, arrays), many[0].order, x * LAST_BITS, v) if both else stacked
        assert stacked.keys() == alone[0].keys()
        for name, answer in stacked.items():
            assert_close(answer, np.stack([each[name] for each in alone]), rounding, slack(moved[name], answer))


def everything(ask: Answers, order: int, x: Array, v: Array) -> dict[str, Array]:
    """All that may be asked at x of an objective of an order, by name."""
    named = {"value": ask.value(x), **ask.metrics(x)}
    if order >= 1:
        named["value beside the gradient"], named["gradient"] = ask.value_and_gradient(x)
    if order == 2:
        named["Hessian-vector product"] = ask.hessian_vector(x, v)
    return named


@where(lambda objective: objective.gradient)
def test_the_closed_form_gradient_is_that_of_the_formula(objective: Objective) -> None:
    x = points(objective, (20,))
    assert_close(
        answers(objective).value_and_gradient(x)[1], double(objective).value_and_gradient(x)[1], ROUNDING["float64"]
    )


@of_order_1
def test_the_gradient_is_the_limit_of_differences(objective: Objective) -> None:
    x, ask, v = points(objective, (5,)), double(objective), directions(objective)
    slope = (ask.value_and_gradient(x)[1] * v).sum(-1)
    steps = (1e-6, 1e-8)  # the shorter is for functions that are rugged on a scale of 1e-6
    differences = [(ask.value(x + step * v) - ask.value(x - step * v)) / (2 * step) for step in steps]
    assert_close(slope, min(differences, key=lambda difference: np.abs(difference - slope).max()), 1e-5)


@of_order_1
def test_an_answer_that_is_written_into_changes_no_other(objective: Objective) -> None:
    """A method may use what it gets as it likes."""
    x, ask = points(objective, (2,)), answers(objective)
    for each in (x, x[0]):
        first = ask.value_and_gradient(each)[1].tolist()
        for answer in ask.value_and_gradient(each):
            if getattr(answer, "ndim", 0):
                answer[...] = np.nan
        assert ask.value_and_gradient(each)[1].tolist() == first


@of_order_2
def test_the_hessian_is_the_limit_of_differences_of_gradients(objective: Objective) -> None:
    x, ask, step = points(objective, (5,)), double(objective), 1e-7  # short, so that no kink of a ReLU lies within
    v = directions(objective)
    ahead, behind = (ask.value_and_gradient(x + sign * step * v)[1] for sign in (1, -1))
    assert_close(ask.hessian_vector(x, v), (ahead - behind) / (2 * step), 1e-4)


def directions(objective: Objective) -> np.ndarray:
    """Five random vectors of length 1."""
    v = np.random.default_rng(1).standard_normal((5, objective.dim))
    return v / np.linalg.norm(v, axis=-1, keepdims=True)


@of_order_1
def test_gradients_are_finite_at_the_optimum_and_at_0(objective: Objective) -> None:
    beside = np.array([[0.0], [1e-6], [-1e-6]])
    for x in (np.zeros(objective.dim), *([] if objective.x_opt is None else [objective.x_opt])):
        f, gradient = double(objective).value_and_gradient(x + beside)
        assert np.isfinite(gradient[0]).all() or not np.isfinite(f).all()  # a pole of f has no gradient


# batch norms take the statistics of the rows of a question: it is no mean over rows
@where(lambda objective: objective.data and getattr(objective.formula, "means", True))
def test_mini_batches_average_to_the_whole(objective: Objective) -> None:
    x, ask = points(objective, (3,)), answers(objective)
    order = np.random.default_rng(0).permutation(objective.rows)
    parts = np.split(order, [1, objective.rows // 3, objective.rows // 2])
    by_part = [ask.value_and_gradient(x, ask.pick(part[None])) for part in parts]
    weights = np.array([len(part) for part in parts]) / objective.rows
    values, gradients = (np.tensordot(weights, np.stack([torch.as_tensor(p[i]) for p in by_part]), 1) for i in (0, 1))
    whole = ask.value_and_gradient(x)
    assert_close(values, whole[0], ROUNDING[objective.dtype])
    assert_close(gradients, whole[1], ROUNDING[objective.dtype])


@every
def test_metrics_answer_for_every_point(objective: Objective) -> None:
    x = points(objective, (3, 2))
    found = answers(objective).metrics(x)
    assert found.keys() == objective.metrics.keys()
    assert all(metric.shape == (3, 2) and np.isfinite(np.asarray(metric)).all() for metric in found.values())
    assert bool(objective.test) == bool(set(objective.metrics) - set(objective.of_data))


@where(lambda objective: objective.shapes)
def test_layers_hold_the_whole_point(objective: Objective) -> None:
    assert sum(int(np.prod(shape)) for shape in objective.shapes) == objective.dim


@where(lambda objective: objective.noise)
def test_noise_is_one_draw_for_each_answer(objective: Objective) -> None:
    x = points(objective, (6,))
    first, again, other = (objective.noise(np.random.default_rng(seed), (6,)) for seed in (0, 0, 1))
    assert first.shape[0] == 6
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    ask = answers(objective)
    noisy = ask.value(x, noise=first)
    assert noisy.shape == (6,)
    assert_close(noisy[2], ask.value(x[2], noise=first[2]), ROUNDING[objective.dtype])


def composite(objective: Objective, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Points, zeros to be added to the outputs, and the noise of the answers, of a composite problem."""
    x = points(objective, shape)
    e = np.zeros((*shape, objective.composite.steps or objective.rows, objective.composite.outputs))
    return x, e, None if objective.noise is None else objective.noise(np.random.default_rng(3), shape)


@of_composites
def test_the_mean_cost_of_what_a_network_puts_out_is_f(objective: Objective) -> None:
    x, e, noise = composite(objective, (4,))
    ask = Answers(objective, "numpy")
    costs, inputs = ask.play(x, e, noise=noise)
    assert costs.shape == e.shape[:-1]
    assert inputs.shape[:-1] == costs.shape
    assert_close(costs.mean(-1), ask.value(x, noise=noise), ROUNDING[objective.dtype])
    assert ask.network(x, inputs).shape == e.shape


@of_composites
def test_what_is_added_to_the_outputs_reaches_the_world(objective: Objective) -> None:
    x, e, noise = composite(objective, (4,))
    ask, rng = Answers(objective, "numpy"), np.random.default_rng(0)
    quiet = ask.play(x, e, noise=noise)
    loud = ask.play(x, 9 * rng.standard_normal(e.shape), noise=noise)
    # where the costs are a plateau, what the network sees next tells
    assert any(not np.array_equal(one, other) for one, other in zip(quiet, loud, strict=True))


@of_composites
def test_pulling_back_is_the_limit_of_differences_of_outputs(objective: Objective) -> None:
    x, e, noise = composite(objective, (3,))
    ask, rng = double(objective), np.random.default_rng(0)
    inputs = ask.play(x, e, noise=noise)[1]
    v, direction, step = rng.standard_normal(e.shape), rng.standard_normal(x.shape), 1e-7  # short: kinks
    ahead, behind = (ask.network(x + sign * step * direction, inputs) for sign in (1, -1))
    pulled = (ask.vjp(x, inputs, v) * direction).sum(-1)
    assert_close(pulled, (v * (ahead - behind)).sum((-1, -2)) / (2 * step), 1e-4)  # a kink of a ReLU may lie within


@of_composites
def test_a_stack_plays_as_its_instances_one_by_one(definition: ProblemDefinition) -> None:
    many = [instance_of(definition.name, k) for k in (1, 2)]
    asked = [composite(item, (3,)) for item in many]
    stacked, alone = Answers(many, "numpy"), [Answers(item, "numpy") for item in many]
    x, e = (np.stack([one[i] for one in asked]) for i in (0, 1))
    noise = None if asked[0][2] is None else np.stack([one[2] for one in asked])
    costs, inputs = stacked.play(x, e, noise=noise)
    for lane, (ask, one) in enumerate(zip(alone, asked, strict=True)):
        its_costs, its_inputs = ask.play(one[0], one[1], noise=one[2])
        assert_close(costs[lane], its_costs, ROUNDING[many[0].dtype])
        assert_close(inputs[lane], its_inputs, ROUNDING[many[0].dtype])
        assert_close(stacked.network(x, inputs)[lane], ask.network(one[0], its_inputs), ROUNDING[many[0].dtype])


@where(lambda objective: objective.row_losses)
def test_rows_have_losses_of_their_own(objective: Objective) -> None:
    x, ask = points(objective, (3,)), answers(objective)
    losses = ask.row_losses(x)
    assert losses.shape == (3, objective.rows)
    assert_close(ask.row_losses(x[1]), losses[1], ROUNDING[objective.dtype])
    assert_close(losses[:, :1].mean(-1) * 0, np.zeros(3), 0)  # finite
