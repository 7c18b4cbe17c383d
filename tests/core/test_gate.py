"""The gate: what a function of a problem may give, and how one that takes a single vector is asked."""

import decimal
import fractions

import numpy as np
import pandas as pd
import pytest
import torch

from bench.core import Domain, Objective, Oracle, Stop
from bench.core.answers import Answers
from bench.core.gate import checked, real
from bench.core.oracle import books_of

X = np.array([1.0, 2.0])

NUMBERS = {
    "float": lambda f: float(f),
    "int": lambda f: int(f),
    "numpy scalar": lambda f: np.float64(f),
    "numpy integer": lambda f: np.int32(f),
    "half": lambda f: np.float16(f),
    "single": lambda f: np.float32(f),
    "long double": lambda f: np.longdouble(f),
    "no axis": lambda f: np.array(float(f)),
    "one element": lambda f: np.array([float(f)]),
    "many axes of one": lambda f: np.array([[[float(f)]]]),
    "list": lambda f: [float(f)],
    "nested list": lambda f: [[float(f)]],
    "tuple": lambda f: (float(f),),
    "list of arrays": lambda f: [np.array([float(f)])],
    "series": lambda f: pd.Series([float(f)], index=["f"]),
    "data frame": lambda f: pd.DataFrame({"f": [float(f)]}),
    "tensor": lambda f: torch.tensor(float(f)),
    "tensor of one": lambda f: torch.tensor([float(f)], dtype=torch.float64),
    "tensor with a graph": lambda f: torch.tensor(float(f), requires_grad=True) * 1,
    "half tensor": lambda f: torch.tensor(float(f), dtype=torch.bfloat16),
    "whole tensor": lambda f: torch.tensor(int(f)),
    "list of a tensor": lambda f: [torch.tensor(float(f), requires_grad=True)],
    "fraction": lambda f: fractions.Fraction(int(f)),
    "decimal": lambda f: decimal.Decimal(int(f)),
}
OTHERS = {
    "none": (None, "None"),
    "text": ("5", "str"),
    "bytes": (b"5", "bytes"),
    "complex": (5j, "complex"),
    "complex array": (np.array(5j), r"complex128 of shape \(\)"),
    "complex tensor": (torch.tensor(5j), r"a tensor of complex64 of shape \(\)"),
    "dictionary": ({"f": 5.0}, "dict"),
    "set": ({5.0}, "set"),
    "two numbers": ([5.0, 6.0], r"list of float64, shape \(2,\)"),
    "none at all": ([], r"list of float64, shape \(0,\)"),
    "a list of none": ([None], r"list of object, shape \(1,\)"),
    "unequal rows": ([[5.0], [6.0, 7.0]], "list of unequal rows"),
    "objects": (np.array([5.0], dtype=object), r"object of shape \(1,\)"),
    "two elements": (np.ones(2), r"float64 of shape \(2,\)"),
    "texts": (np.array(["5"]), r"<U1 of shape \(1,\)"),
    "date": (np.datetime64("2026-01-01"), "datetime64"),
    "function": (lambda: 5.0, "function"),
}


@pytest.mark.parametrize("kind", NUMBERS)
def test_every_kind_of_number_is_one(kind):
    """In the fast path, in populations, in lanes, and as a torch tensor: the value and its type are the same."""
    problem = Objective(lambda x: NUMBERS[kind](float(x @ x)), 2, order=0, arrays="numpy")
    value = Oracle(problem, 9).value(X)
    assert (type(value), value) == (float, 5.0)
    np.testing.assert_array_equal(Oracle(problem, 9).value(np.stack([X, 2 * X, 0 * X])), [5.0, 20.0, 0.0])
    np.testing.assert_array_equal(Oracle([problem] * 2, 9, seed=[0, 1]).value(np.stack([X, 2 * X])), [5.0, 20.0])
    tensor = Oracle(problem, 9, arrays="torch").value(torch.tensor(X))
    assert (tensor.dtype, tensor.requires_grad, tensor.tolist()) == (torch.float64, False, 5.0)


@pytest.mark.parametrize("answer", [True, np.True_, [False], torch.tensor(True)])
def test_a_truth_value_counts_as_a_number(answer):
    assert float(checked(answer, (), "f", "numpy")) in (0.0, 1.0)


@pytest.mark.parametrize("what", OTHERS)
@pytest.mark.parametrize("way", ["point", "population", "torch"])
def test_what_is_no_real_number_is_named_by_type_and_shape(what, way):
    answer, described = OTHERS[what]
    given = iter([1.0])  # at the start it answers as it must

    def formula(x):
        return next(given, answer)

    door = Oracle(Objective(formula, 2, order=0, arrays="numpy"), 9, arrays="torch" if way == "torch" else "numpy")
    asked = {"point": X, "population": np.stack([X] * 3), "torch": torch.tensor(X)}[way]
    with pytest.raises(ValueError, match=f"function must give one real number, got .*{described}"):
        door.value(asked)
    assert books_of(door).ledgers[0].status == "crashed"


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(3, 2), torch.arange(6.0).reshape(3, 2)])
def test_axes_of_length_one_may_be_missing_or_too_many(array):
    kind = "torch" if isinstance(array, torch.Tensor) else "numpy"
    assert tuple(checked(array, (1, 3, 2), "f", kind).shape) == (1, 3, 2)
    assert tuple(checked(array[:1], (2,), "f", kind).shape) == (2,)
    for shape in ((2, 3), (6,), (3,)):
        with pytest.raises(ValueError, match=r"f must give real numbers of shape .*, got .*\(3, 2\)"):
            checked(array, shape, "f", kind)


def test_a_buffer_that_is_used_again_changes_no_answer():
    buffer, slope = np.zeros(()), np.zeros(2)

    def formula(x):
        return np.add((x * x).sum(-1), 0.0, out=buffer) if x.ndim == 1 else (x * x).sum(-1)

    def gradient(x):
        return np.multiply(2.0, x, out=slope)

    problem = Objective(formula, 2, gradient=gradient, arrays="numpy", vectorised=False)
    door = Oracle(problem, 99)
    (f, g), population = door.value_and_gradient(X), door.gradient(np.stack([X, 3 * X]))
    door.value_and_gradient(5 * X)
    assert (f, g.tolist(), population.tolist()) == (5.0, [2.0, 4.0], [[2.0, 4.0], [6.0, 12.0]])
    lanes = Oracle([problem] * 2, 99, seed=[0, 1])
    assert lanes.gradient(np.stack([X, 3 * X])).tolist() == [[2.0, 4.0], [6.0, 12.0]]


def test_an_answer_in_torch_s_own_buffer_is_a_copy():
    buffer = torch.zeros(3, dtype=torch.float64)

    def formula(x):
        return torch.sum(x * x, -1, out=buffer[: x[..., 0].numel()].reshape(x.shape[:-1]))

    door = Oracle(Objective(formula, 2, arrays="torch", vectorised=True), 99, arrays="torch")
    first = door.value(torch.ones(3, 2, dtype=torch.float64))
    door.value(torch.zeros(3, 2, dtype=torch.float64))
    assert first.tolist() == [2.0, 2.0, 2.0]
    by_numpy = Oracle(Objective(formula, 2, arrays="torch", vectorised=True), 99)
    first = by_numpy.value(np.ones((3, 2)))
    by_numpy.value(np.zeros((3, 2)))
    assert first.tolist() == [2.0, 2.0, 2.0]


# functions of one vector

SINGLE = {
    "by index": lambda x, c: x[0] ** 2 + 3 * x[1] ** 2 + c[0] * x[0],
    "summed over all": lambda x, c: (x**2).sum() + 2 * x[1] ** 2 + c[0] * x[0],
    "in a loop": lambda x, c: sum((1 + 2 * i) * x[i] ** 2 for i in range(len(x))) + c[0] * x[0],
    "of the right shape, but wrong": lambda x, c: (x**2).sum(-1) + 2 * (x[..., 1] ** 2).sum() + (c * x[..., :1]).sum(),
}
C = np.array([0.5])


def by_hand(x):
    return x[..., 0] ** 2 + 3 * x[..., 1] ** 2 + 0.5 * x[..., 0]


def slope(x):
    return np.stack([2 * x[..., 0] + 0.5, 6 * x[..., 1]], -1)


@pytest.mark.parametrize("points", [1, 2, 3, 7])
@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize("single", SINGLE)
def test_a_formula_of_one_vector_works_everywhere(single, arrays, points):
    """Also where there are as many points, or lanes, as coordinates, so that the shape tells nothing."""
    formula = lambda x, c: SINGLE[single](x, c)  # noqa: E731
    x = np.random.default_rng(points).standard_normal((points, 2))
    given = x if arrays == "numpy" else torch.tensor(x)
    problem = Objective(formula, 2, constants={"c": C}, start=lambda rng: np.ones(2))
    door = Oracle(problem, 10**4, arrays=arrays)
    np.testing.assert_allclose(door.value(given), by_hand(x), rtol=1e-12)
    np.testing.assert_allclose(door.gradient(given), slope(x), rtol=1e-12)
    product = door.hessian_vector(given[0], given)
    np.testing.assert_allclose(product, x * [2.0, 6.0], rtol=1e-12)
    np.testing.assert_allclose(problem.f(given), by_hand(x), rtol=1e-12)
    lanes = Oracle([problem] * points, 10**4, seed=[0] * points, arrays=arrays)
    np.testing.assert_allclose(lanes.value(given), by_hand(x), rtol=1e-12)
    np.testing.assert_allclose(lanes.gradient(given), slope(x), rtol=1e-12)
    if points > 1:
        assert problem.learned["formula"] is False


def test_lanes_of_one_vector_have_their_own_constants_rows_and_noise():
    def formula(x, shift, rows, noise=None):
        return ((x - shift) ** 2).sum() + rows.mean() + (0.0 if noise is None else noise)

    def lane(shift):
        return Objective(
            formula, 2, constants={"shift": np.full(2, shift)}, data={"rows": shift * np.arange(4.0)}, order=0,
            noise=lambda rng, size: np.full(size, 100.0), arrays="numpy", name="single",
        )  # fmt: skip

    many = [lane(1.0), lane(2.0), lane(3.0)]
    same = [Objective(**{**vars_of(each), "formula": many[0].formula}) for each in many]
    door = Oracle(same, 99, seed=[0, 0, 0])
    door.recommend(np.zeros((3, 2)))
    np.testing.assert_allclose(door.value(np.zeros((3, 2))), [2 + 1.5 + 100, 8 + 3 + 100, 18 + 4.5 + 100])
    np.testing.assert_allclose(door.value(np.zeros((3, 2, 2)))[:, 1], [2 + 1.5 + 100, 8 + 3 + 100, 18 + 4.5 + 100])
    batch = next(door.minibatches(4))
    np.testing.assert_allclose(batch.value(np.zeros((3, 2))), [2 + 1.5 + 100, 8 + 3 + 100, 18 + 4.5 + 100])
    answers = Answers(same, "numpy")
    np.testing.assert_allclose(answers.score(np.zeros((3, 1, 2)))[:, 0], [3.5, 11, 22.5])


def vars_of(objective):
    return {name: value for name, value in vars(objective).items() if name not in ("learned", "box")}


def test_a_closed_gradient_and_residuals_of_one_vector():
    problem = Objective(
        lambda x: (np.array([x[0] - 1, 2 * x[1]]) ** 2).sum(), 2,
        gradient=lambda x: np.array([2 * (x[0] - 1), 8 * x[1]]), residuals=lambda x: np.array([x[0] - 1, 2 * x[1]]),
        arrays="numpy",
    )  # fmt: skip
    x = np.array([[1.0, 2.0], [3.0, 4.0]])  # as many points as coordinates
    door = Oracle(problem, 99, order=1)
    assert door.gradient(x).tolist() == [[0.0, 16.0], [4.0, 32.0]]
    assert door.residuals(x).tolist() == [[0.0, 4.0], [2.0, 8.0]]
    assert door.gradient(x[1]).tolist() == [4.0, 32.0]


def test_a_formula_that_takes_populations_is_found_out_once():
    """One point is asked again at the first population, and where the shape tells nothing, more of them."""
    asked = []

    def formula(x):
        asked.append(x.shape)
        return (x * x).sum(-1)

    door = Oracle(Objective(formula, 2, arrays="numpy"), 99)
    asked.clear()
    for _ in range(2):
        door.value(np.ones((5, 2)))
    assert asked == [(5, 2), (2,), (5, 2)]
    other = Oracle(Objective(formula, 2, arrays="numpy"), 99)
    asked.clear()
    for _ in range(2):
        other.value(np.ones((2, 2)))
    assert asked == [(2, 2), (6, 2), (2,), (2, 2)]


def test_what_fails_once_populations_are_known_fails():
    failing = []

    def formula(x):
        if failing:
            raise RuntimeError("the solver did not converge")
        return (x * x).sum(-1)

    door = Oracle(Objective(formula, 2, arrays="numpy"), 99)
    door.value(np.ones((5, 2)))
    failing.append(1)
    with pytest.raises(RuntimeError, match="did not converge"):
        door.value(np.ones((5, 2)))


# NumPy alone


def test_a_formula_of_numpy_alone_answers_in_torch_and_says_why_it_has_no_gradient():
    def formula(x):
        return (x.astype(np.float64) ** 2).sum(-1)

    problem = Objective(formula, 3)
    door = Oracle(problem, 99, arrays="torch")
    assert door.value(torch.ones(4, 3, dtype=torch.float64)).tolist() == [3.0] * 4
    assert problem.learned["torch"] is False
    for arrays, x in (("torch", torch.ones(3, dtype=torch.float64)), ("numpy", np.ones(3))):
        for question in ("gradient", "hessian_vector"):
            with pytest.raises(ValueError, match="function takes NumPy alone, so that torch cannot differentiate it"):
                getattr(Oracle(problem, 99, arrays=arrays), question)(*(x,) * (1 + (question != "gradient")))


def test_the_order_is_what_a_formula_of_numpy_can_answer():
    f = lambda x: (x * x).sum(-1)  # noqa: E731
    assert Objective(f, 2, arrays="numpy").order == 0
    assert Objective(f, 2, arrays="numpy", gradient=lambda x: 2 * x).order == 1
    assert Objective(f, 2, arrays="numpy", residuals=lambda x: x).order == 0  # nor a Jacobian
    assert Objective(f, 2).order == 2


# points


@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize(
    "question",
    ["value", "gradient", "value_and_gradient", "hessian_vector", "hessian_vector of", "residuals",
     "residuals_and_jacobian", "recommend"],
)  # fmt: skip
def test_a_complex_point_is_refused_in_every_question(question, arrays, lanes):
    problem = Objective(lambda x: (x * x).sum(-1), 2, residuals=lambda x: x, f_opt=0.0)
    door = Oracle([problem] * lanes or problem, 99, seed=[0] * lanes or 0, arrays=arrays)
    x, i = door.x0, door.x0 * 10j
    name, _, of = question.partition(" ")
    points = (x, i) if of else (i, x) if name == "hessian_vector" else (i,)
    with pytest.raises(ValueError, match=r"must hold real numbers, got .*complex128 of shape"):
        getattr(door, name)(*points)
    assert (door.spent, books_of(door).ledgers[0].status) == (0.0, None)


@pytest.mark.parametrize("point", [[1j, 0.0], ["1", "2"], [None, 1.0], np.array([1.0, None]), {"x": 1.0}, None])
def test_what_is_no_point_is_refused(point):
    door = Oracle(Objective(lambda x: (x * x).sum(-1), 2), 99)
    for question in (door.value, door.gradient):
        with pytest.raises(ValueError, match="a point must hold real numbers, got"):
            question(point)
    with pytest.raises(ValueError, match="start must hold real numbers"):
        Oracle(Objective(lambda x: (x * x).sum(-1), 2), 99, start=point if point is not None else "x")
    with pytest.raises(ValueError, match="a point must hold real numbers"):
        Objective(lambda x: (x * x).sum(-1), 2).f(point)


def test_whole_and_short_numbers_are_points():
    door = Oracle(Objective(lambda x: (x * x).sum(-1), 2), 99)
    for point in ([1, 2], np.array([1, 2], np.int8), np.array([1.0, 2.0], np.float16), (1.0, 2)):
        assert door.value(point) == 5.0
    assert door.value(np.array([100, 0], np.int8)) == 10_000  # squared as a float
    assert real([True, False], "x").dtype == np.float64


def test_a_start_lies_within_the_bounds():
    with pytest.raises(ValueError, match=r"start must lie within the bounds, got \[10.  0.\]"):
        Oracle(Objective(lambda x: (x * x).sum(-1), 2, Domain(-1.0, 1.0)), 99, start=[10.0, 0.0])


# nothing asked


@pytest.mark.parametrize("lanes", [(), (2,)])
@pytest.mark.parametrize("arrays", ["numpy", "torch"])
def test_an_empty_population_is_answered_for_nothing(arrays, lanes):
    problem = Objective(lambda x: (x * x).sum(-1), 3)
    door = Oracle([problem] * 2 if lanes else problem, 9, seed=[0, 1] if lanes else 0, arrays=arrays)
    none = door.x0[..., None, :][..., :0, :]
    assert tuple(door.value(none).shape) == (*lanes, 0)
    assert tuple(door.gradient(none).shape) == (*lanes, 0, 3)
    assert tuple(door.hessian_vector(door.x0, none).shape) == (*lanes, 0, 3)
    assert type(door.value(none)) is type(door.x0)
    assert (door.spent, books_of(door).ledgers[0].status) == (0.0, None)
    door.value(door.x0)
    with door, pytest.raises(Stop, match="budget"):
        while True:
            door.value(door.x0)
    with pytest.raises(Stop, match="budget"):
        door.value(none)


def test_no_residuals_of_no_point():
    door = Oracle(Objective(lambda x: (x * x).sum(-1), 2, residuals=lambda x: x), 9)
    with pytest.raises(ValueError, match=r"must be about one point at least, got shape \(0, 2\)"):
        door.residuals(np.empty((0, 2)))
    assert books_of(door).ledgers[0].status is None


def test_on_a_device_no_value_is_looked_at():
    """Torch's device `meta` has shapes and types, and no values: whoever reads one meets an error."""
    x = torch.empty(5, 3, device="meta")
    assert tuple(checked(x.sum(-1), (5,), "f", "torch", "float32", "meta").shape) == (5,)
    problem = Objective(lambda x: (x * x).sum(-1), 3, arrays="torch", dtype="float32")
    answers = Answers(problem, "torch", "meta")
    assert tuple(answers.value(x).shape) == (5,)
    assert [tuple(array.shape) for array in answers.value_and_gradient(x)] == [(5,), (5, 3)]
    assert tuple(answers.hessian_vector(x, x).shape) == (5, 3)
    with pytest.raises(ValueError, match=r"real numbers of shape \(5,\), got a tensor of float32 of shape \(5, 3\)"):
        checked(x, (5,), "f", "torch", "float32", "meta")
    with pytest.raises(ValueError, match="got a tensor of complex64"):
        checked(x.sum(-1) * 1j, (5,), "f", "torch", "float32", "meta")


# torch's switches


@pytest.mark.parametrize("lanes", [0, 2])
@pytest.mark.parametrize("arrays", ["numpy", "torch"])
@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_gradients_and_products_do_not_depend_on_torch_s_switches(mode, arrays, lanes):
    """Also where the first question, which makes the constants and the mini-batches, is asked there."""

    def formula(x, weight, rows):
        return ((x * weight - rows.mean(-2)) ** 2).sum(-1)

    def problem(k):
        return Objective(formula, 2, constants={"weight": np.array([1.0, k])}, data={"rows": np.ones((4, 2)) * k})

    def ask(door):
        x = door.x0 * 0 + 2.0
        batch = next(door.minibatches(2))
        return [*door.value_and_gradient(x), door.hessian_vector(x, x), batch.gradient(x), batch.hessian_vector(x, x)]

    def opened():
        objective = problem(3.0)
        return Oracle([objective] * lanes or objective, 999, seed=[0] * lanes or 0, arrays=arrays)

    wanted = ask(opened())
    with mode():
        first = opened()
        got = ask(first)
    again = ask(first)
    for answers in (got, again):
        for one, other in zip(answers, wanted, strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), rtol=1e-12)
    assert np.abs(np.asarray(wanted[1])).min() > 0
    np.testing.assert_allclose(np.asarray(wanted[2]).reshape(-1, 2)[0], [4.0, 36.0])


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_residuals_networks_and_vjps_do_not_depend_on_them_either(mode):
    import bench

    with mode():
        least = Oracle(bench.make("mgh-rosenbrock"), 99, arrays="torch")
        jacobian = least.residuals_and_jacobian(least.x0)[1]
        assert jacobian.abs().sum() > 0
        pole = Oracle(bench.make("ballistics"), 99, arrays="torch")
        pole.recommend(pole.x0)
        ones = torch.ones(pole.steps, pole.outputs, dtype=pole.x0.dtype)
        _, inputs = pole.play(pole.x0, 0 * ones)
        assert pole.vjp(pole.x0, inputs, ones).abs().sum() > 0
        zero = pole.vjp(pole.x0, inputs[:0], ones[:0])
    assert (zero.abs().sum(), tuple(zero.shape)) == (0, tuple(pole.x0.shape))
    assert pole.counts["vjp"] == pole.rows
