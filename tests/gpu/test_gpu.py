"""What is claimed of a GPU, on one: `make gpu`. Numbers equal the CPU's, records are the same twice, nothing is waited
for between checkpoints, and lanes are as fast as their table says.

Without a GPU it is skipped. FOGBENCH_GPU=cpu rehearses it on the CPU, where no waiting is seen and no rate asked.
"""

import os
from contextlib import contextmanager, nullcontext
from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.core import Objective, Oracle, registry
from bench.core.answers import Answers
from bench.core.stretch import is_asynchronous, waited
from bench.runner.devices import on_device
from bench.runner.plan import plan
from bench.runner.single import open_oracle, run_specs
from bench.runner.suite import make_suite
from bench.runner.throughput import BATCH, light, paying, rates
from tests.devices import DECIDING, ask_everything, learning, methods_of_lanes, of_structure, variants

DEVICE = os.environ.get("FOGBENCH_GPU", "cuda")
REAL = is_asynchronous(DEVICE)
if REAL and not torch.cuda.is_available():
    pytest.skip("torch finds no CUDA device here: FOGBENCH_GPU=cpu rehearses these tests", allow_module_level=True)
pytestmark = pytest.mark.gpu

NEAR = 1e-5  # of the largest entry
LANES, POINTS, ROWS = 3, 2, 16
GOAL = (1024, 100)  # lanes of the digits MLP, and how many times as fast as one by one they are to be
QUESTIONS = 3


@pytest.fixture(autouse=True)
def device():
    """As runs have it."""
    with on_device(DEVICE):
        yield


def both(problem: registry.ProblemDefinition, parameters: dict, objective: Objective, dtype: str) -> dict[str, list]:
    """All answers on the CPU and on the device, by question."""
    lanes = [replace(each, dtype=dtype) for each in (objective, problem.make(2, **parameters), objective)]
    rng = np.random.default_rng(0)
    starts = np.stack([lane.first_point(rng) for lane in lanes])[:, None]
    x, v = starts + 0.1 * rng.standard_normal((2, LANES, POINTS, objective.dim))
    picked = rng.integers(objective.rows, size=(LANES, min(ROWS, objective.rows)))
    noise = None if objective.noise is None else objective.noise(rng, (LANES, POINTS))
    answers: dict[str, list] = {}
    for where in ("cpu", DEVICE):
        ask = Answers(lanes, "torch", where)
        points, vectors = ask.to_caller(x), ask.to_caller(v)
        rows = ask.pick(picked) if objective.data else None
        given = {"value": ask.value(points, rows, noise), "score": ask.score(points), **ask.metrics(points)}
        if objective.order:
            given["gradient"] = ask.value_and_gradient(points, rows, noise)[1]
        if objective.order == 2:
            given["product"] = ask.hessian_vector(points, vectors, rows, noise)
        if objective.residuals is not None:
            given["residuals"], given["jacobian"] = ask.jacobian(points, rows, noise)[1:]
        if objective.composite is not None:
            e = torch.ones(LANES, POINTS, objective.rows, objective.composite.outputs, device=where)
            given["costs"], inputs = ask.play(points, 0.1 * e)
            given["vjp"] = ask.vjp(points, inputs, e)
        for question, answer in given.items():
            answers.setdefault(question, []).append(answer.cpu().double().numpy())
    return answers


def far(answers: dict[str, list]) -> dict[str, float]:
    """The questions whose answers are not near, with the distance by the largest entry."""
    distances = {
        question: np.abs(there - here).max() / max(np.abs(here).max(), 1e-30)
        for question, (here, there) in answers.items()
    }
    return {question: distance for question, distance in distances.items() if not distance <= NEAR}


@pytest.mark.parametrize("name", learning())
def test_answers_equal_the_cpus(name: str) -> None:
    """In float64 where float32 cannot: at a kink of a ReLU, or of a class that is expected most, rounding decides."""
    problem = learning()[name]
    for parameters, objective in (*variants(problem), ({}, problem.make())):
        if objective.dtype == "float32":
            distances = far(both(problem, parameters, objective, "float32"))
            if REAL and not distances:  # a rehearsal takes both ways
                continue
        assert far(both(problem, parameters, objective, "float64")) == {}, parameters


def records(name: str, parameters: str, optimizer: str, seeds: int = 4) -> list[np.ndarray]:
    [*specs] = plan(make_suite([f"{name}[{parameters}]"], [optimizer], budget=6, name="gpu", seeds=seeds), DEVICE)
    specs = [replace(spec, device=DEVICE) for spec in specs]
    problem = registry.find_problem(name)
    objectives = [problem.make(spec.instance, **spec.parameters) for spec in specs]
    done = run_specs(specs, objectives, registry.find_optimizer(specs[0].optimizer), lanes=True)
    assert [(each.status, each.error) for each in done] == [("budget", "")] * seeds
    return [np.delete(each.trajectory, (5, 6), axis=1) for each in done]


@pytest.mark.parametrize("name", learning())
def test_records_are_the_same_twice(name: str) -> None:
    problem = learning()[name]
    *_, (parameters, objective) = variants(problem)
    text = ",".join(f"{key}={value}" for key, value in parameters.items() if not isinstance(value, tuple))
    optimizer = "torch-adam[batch_size=8]" if objective.order else "spsa-adam"
    for once, again in zip(*(records(name, text, optimizer) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(once, again)


@contextmanager
def unwaited():
    """Where torch raises for whatever waits for the GPU."""
    if not REAL:
        yield
        return
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.parametrize("name", learning())
def test_nothing_is_waited_for_between_checkpoints(name: str) -> None:
    problem = learning()[name]
    for parameters, objective in variants(problem):
        lanes = [replace(each, checkpoints=0) for each in (objective, problem.make(2, **parameters), objective)]
        oracle = Oracle(lanes, 1e6, list(range(LANES)), arrays="torch", device=DEVICE)
        ask_everything(oracle, objective)  # what is prepared once: constants, libraries
        with unwaited():
            ask_everything(oracle, objective)


class Enough(BaseException):
    """A method has asked all that a test lets it ask."""


@pytest.mark.parametrize("method", methods_of_lanes(), ids=lambda method: method.name)
def test_methods_of_lanes_wait_for_nothing(method: registry.OptimizerDefinition, monkeypatch) -> None:
    may_wait = method.name in DECIDING - {"torch-asgd"}  # where the loop decides; on a GPU torch-asgd does not
    lanes = [replace(of_structure(method.structure), checkpoints=0)] * LANES
    asked, ask = [], Oracle._ask
    stack = nullcontext() if may_wait else unwaited()

    def counted(self, *arguments, **options):
        asked.append(0)
        if len(asked) == QUESTIONS:  # before, libraries are prepared
            stack.__enter__()
        if len(asked) > 3 * QUESTIONS:
            raise Enough
        return ask(self, *arguments, **options)

    monkeypatch.setattr(Oracle, "_ask", counted)
    settings = registry.settings(method, {"batch_size": 2} if "batch_size" in method.parameters else {})
    oracle = open_oracle(lanes, method, 1e6, list(range(LANES)), gap=0.0, device=DEVICE)
    try:
        with pytest.raises(Enough):
            method.function(oracle, **settings)
    finally:
        stack.__exit__(None, None, None)


def test_rates_of_lanes() -> None:
    """The table of `doctor --benchmark`, on all widths."""
    measured = rates(DEVICE, widths=() if REAL else (1, 16), seconds=0.5 if REAL else 0.02)
    card = torch.cuda.get_device_name() if REAL else "the CPU, in rehearsal"
    print(f"\nGradients on {BATCH} rows a second, on {card}; peak {measured[0].peak:.3g} operations a second")
    alone = {each.problem: each.evaluations for each in measured if not each.width}
    for each in measured:
        times = each.evaluations / alone[each.problem]
        print(f"{each.problem:12} lanes {each.width or 'one by one':>10} {each.evaluations:14,.0f} {times:8.1f} times "
              f"{each.share:8.2%} of the peak")  # fmt: skip
        if REAL and (each.problem, each.width) == ("mlp", GOAL[0]):
            assert times >= GOAL[1]
    print("lanes to use:", dict(paying(measured)))


@pytest.mark.parametrize("width", [64, 1024] if REAL else [2])
def test_captured_graphs(width: int) -> None:
    """A gradient that is captured once and played again is the same, where it can be; printed: whether it pays."""
    ask = Answers([light(registry.find_problem("mlp").make())] * width, "torch", DEVICE)
    objective = ask.objective
    x = ask.to_caller(np.stack([objective.first_point(np.random.default_rng(lane)) for lane in range(width)])[:, None])
    rows = ask.pick(np.tile(np.arange(BATCH), (width, 1)))

    def seconds(play, times: int = 50 if REAL else 2) -> float:
        import time

        play()
        if REAL:
            waited(DEVICE)
        began = time.perf_counter()
        for _ in range(times):
            play()
        if REAL:
            waited(DEVICE)
        return (time.perf_counter() - began) / times

    def ask_once() -> tuple[torch.Tensor, ...]:
        return tuple(torch.as_tensor(part) for part in ask.value_and_gradient(x, rows))

    expected = [part.clone() for part in ask_once()]
    eager = seconds(ask_once)
    again = ask_once()
    assert all(torch.equal(part, first) for part, first in zip(again, expected, strict=True))
    print(f"\nmlp, {width} lanes: {1e3 * eager:.3f} ms a gradient")
    if not REAL:
        return
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph):
            captured = ask_once()
    except RuntimeError as error:
        print(f"it cannot be captured: {str(error).splitlines()[0]}")
        return
    print(f"captured and played again: {1e3 * seconds(graph.replay):.3f} ms")
    for part, first in zip(captured, expected, strict=True):
        torch.testing.assert_close(part, first)
