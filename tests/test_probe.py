"""What is asked of a user's function before all runs, and what is said of it."""

import asyncio
import functools
import re
import warnings

import numpy as np
import pytest
import torch

import bench

pytestmark = pytest.mark.usefixtures("one_process", "unanswered")

ONE = {"optimizers": ["random-search"], "budget": 12, "seeds": 1, "report": False}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def both_calls(f, start, **said):
    return [
        lambda: bench.compare(f, start, **ONE, **said),
        lambda: bench.minimize(f, "random-search", start=start, budget=12, **said),
    ]


def bowl(x):
    return ((x - 1) ** 2).sum()


# a start that fails


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("bounds", [None, (-9, 9)])
def test_a_start_that_always_fails_is_a_warning_where_f_answers_beside_it(call, bounds):
    def f(x):
        if np.hypot(*(x - 3)) < 0.5:
            raise RuntimeError("no mesh")
        return float(bowl(x))

    with pytest.warns(
        UserWarning, match=r"f fails at the start: RuntimeError: no mesh\. .* f has a value at \["
    ) as said:
        answer = both_calls(f, [3.0, 3.0], bounds=bounds)[call]()
    assert said[0].filename == __file__, "it points to the line of the caller"
    run = answer if call else answer.runs.iloc[0]
    assert run.status == "budget"
    if call:
        assert run.first == np.inf


@pytest.mark.parametrize("call", [0, 1])
def test_nan_at_the_start_is_a_failure_that_is_said(call):
    def f(x):
        return float("nan") if x[0] == 3.0 else float(bowl(x))

    with pytest.warns(UserWarning, match="f fails at the start: its value was NaN. It counts as a failed evaluation"):
        both_calls(f, [3.0, 3.0])[call]()
    with pytest.warns(UserWarning, match="f is nan at the start"):
        both_calls(f, [3.0, 3.0], failures="raise")[call]()
    for value, sign in ((float("inf"), False), (float("-inf"), True)):
        with pytest.warns(UserWarning, match=f"f is {value:g} at the start"):
            both_calls(lambda x, v=value: v if x[0] == 3.0 else float(bowl(x)), [3.0], maximize=sign)[call]()


@pytest.mark.parametrize("call", [0, 1])
def test_a_function_that_fails_everywhere_is_refused(call):
    calls = []

    def f(x):
        calls.append(x)
        raise RuntimeError("no mesh")

    with pytest.raises(ValueError, match="f fails at the start: RuntimeError: no mesh"):
        both_calls(f, [3.0, 3.0])[call]()
    assert len(calls) == 5
    with pytest.raises(ValueError, match="f fails at the start: its value was NaN"):
        both_calls(lambda x: float("nan"), [3.0, 3.0])[call]()
    calls.clear()
    with pytest.raises(ValueError, match="f fails at the start: RuntimeError: no mesh"):
        both_calls(f, [3.0, 3.0], failures="raise")[call]()
    assert len(calls) == 1, "where failures end the run there is no other point"


def test_other_categories_are_tried_where_that_of_the_start_fails():
    def f(x):
        if x[1] == "slot":
            raise RuntimeError("no mesh")
        return float(x[0] ** 2)

    with pytest.warns(UserWarning, match="no mesh"):
        run = bench.minimize(
            f, "random-search", start=[1.0, "slot"], categories={1: ["jet", "slot"]}, bounds=[(-2, 2), None], budget=40
        )
    assert run.best < 1


# values that differ


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("kind", ["value", "pair", "torch"])
def test_values_that_differ_at_a_point_are_said_and_nothing_is_decided(call, kind):
    rng = np.random.default_rng(0)

    def f(x):
        value = bowl(x) + 0.1 * rng.standard_normal()
        return (value, 2 * (x - 1)) if kind == "pair" else value

    start = torch.tensor([3.0, 3.0]) if kind == "torch" else np.array([3.0, 3.0])
    with pytest.warns(
        UserWarning, match=r"f gave [\d.]+ and [\d.]+ at the same point, \[3. 3.\]. .*noise=True"
    ) as said:
        answer = both_calls(f, start)[call]()
    assert len(said) == 1
    assert said[0].filename == __file__
    if not call:
        assert not answer.runs.scored.any()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_rounding_is_no_noise(dtype):
    calls = []

    def f(x):
        calls.append(0)
        return bowl(x) * (1 + (len(calls) % 2) * 4 * torch.finfo(dtype).eps)

    for call in both_calls(f, torch.tensor([3.0, 3.0], dtype=dtype)):
        call()


# gradients


def wrong(x):
    return 2 * (x - 1) * np.array([1.0, 3.0])


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("tensor", [True, False])
def test_a_wrong_gradient_is_said_with_both_numbers(call, together, tensor):
    def g(x):
        return 2 * (x - 1) * (torch.tensor([1.0, 3.0], dtype=x.dtype) if tensor else np.array([1.0, 3.0]))

    f = (lambda x: (bowl(x), g(x))) if together else (bowl, g)
    start = torch.tensor([3.0, 4.0]) if tensor else [3.0, 4.0]
    with pytest.warns(UserWarning, match="the gradient seems to be wrong: .* it gives .*, and central") as said:
        both_calls(f, start)[call]()
    assert said[0].filename == __file__
    numbers = [float(text) for text in re.findall(r"gives? (-?[\d.e+-]+[\d])", str(said[0].message))]
    d = np.random.default_rng(0).standard_normal(2) * [3.0, 4.0]
    np.testing.assert_allclose(numbers, [d @ wrong(np.array([3.0, 4.0])), d @ [4.0, 6.0]], rtol=1e-3)


def test_a_gradient_of_the_wrong_sign_or_without_a_factor():
    for g in (lambda x: -2 * (x - 1), lambda x: x - 1, lambda x: 0 * x, lambda x: 2.05 * (x - 1)):
        with pytest.warns(UserWarning, match="the gradient seems to be wrong"):
            bench.minimize((bowl, g), "scipy-lbfgsb", start=np.array([3.0, 4.0]), budget=30)
    with pytest.warns(UserWarning, match="it gives [^-]*, and central differences of f give -"):
        bench.minimize(
            (bowl, lambda x: -2 * (x - 1)), "scipy-lbfgsb", start=np.array([30.0, 40.0]), budget=30, maximize=True
        )


@pytest.mark.parametrize(
    ("f", "said"),
    [
        ((bowl, lambda x: 2 * (x - 1)), {}),
        ((bowl, lambda x: 2.01 * (x - 1)), {}),  # half a per cent
        ((lambda x: -bowl(x), lambda x: -2 * (x - 1)), {"maximize": True}),
        ((lambda x: 1e6 + bowl(x), lambda x: 2 * (x - 1)), {}),
        ((lambda x: 1e12 + bowl(x), lambda x: -2 * (x - 1)), {}),  # rounding hides the slope: nothing can be told
        ((bowl, lambda x: 2 * (x - 1)), {"bounds": [(3, 9), (3, 9)]}),  # the start lies on them
        ((bowl, lambda x: 2 * (x - 1)), {"bounds": [(0, 9), (3, 3)]}),
        ((bowl, lambda x: 2 * (x - 1)), {"log": [0, 1]}),
        ((lambda x: np.abs(x - 3).sum(), lambda x: np.sign(x - 3 + 1e-300)), {}),  # at a kink
        ((lambda x: ((x - 3) ** 2).sum(), lambda x: 2 * (x - 3)), {}),  # at the minimum
        ((lambda x: np.floor(x).sum(), lambda x: 0 * x), {}),
        ((bowl, lambda x: -2 * (x - 1)), {"noise": True}),
    ],
)
def test_where_a_gradient_is_right_or_that_cannot_be_told_nothing_is_said(f, said):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bench.minimize(f, "scipy-lbfgsb", start=np.array([3.0, 3.0]), budget=30, **said)


def test_differences_stay_within_the_bounds():
    seen = []

    def f(x):
        seen.append(x.copy())
        return bowl(x)

    bench.minimize(
        (f, lambda x: 2 * (x - 1)), "scipy-lbfgsb", start=[3.0, 4.0], bounds=[(3, 9), (0, 4.00001)], budget=3
    )
    assert (np.array(seen) >= [3, 0]).all() and (np.array(seen) <= [9, 4.00001]).all()


def test_a_slow_function_is_not_asked_for_differences(monkeypatch):
    monkeypatch.setattr(bench.probe, "LONGEST", 0.0)
    bench.minimize((bowl, lambda x: -2 * (x - 1)), "scipy-lbfgsb", start=np.array([3.0, 4.0]), budget=30)


# functions that do nothing when they are called


class Later:
    async def __call__(self, x):
        return 1.0


async def later(x):
    await asyncio.sleep(0)
    return 1.0


def steps(x):
    yield 1.0


@pytest.mark.parametrize("call", [0, 1])
@pytest.mark.parametrize(
    ("f", "what"),
    [
        (later, "an asynchronous function"),
        (Later(), "an asynchronous function"),
        (functools.partial(later), "an asynchronous function"),
        (steps, "a generator function"),
        ((bowl, later), "an asynchronous function"),
        (lambda x: later(x), "f gave a coroutine, which nobody awaits: it must be a plain function"),
    ],
)
def test_an_asynchronous_function_is_refused_without_a_warning_of_pythons(call, f, what):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=what):
            both_calls(f, [3.0])[call]()
