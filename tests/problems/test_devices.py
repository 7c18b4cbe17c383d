"""Learning problems and methods of lanes on torch's `meta` device, which has shapes and no numbers: what would stop a
program on a GPU, or mix its memory with the CPU's, is an error there. The one thing that is put in its place is
`Tensor.cpu`. What this does not see: numbers, and where memory of the CPU goes into an operation as one number."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from bench.core import Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.core.status import Status
from bench.runner.single import open_oracle
from tests.devices import (
    DECIDING,
    Traffic,
    ask_everything,
    crossings,
    learning,
    methods_of_lanes,
    of_structure,
    variants,
)

LANES = 3


def opened(objective: Objective, other: Objective | None = None, **options) -> Oracle:
    """Lanes of two instances by turns, with no score between start and end; or a run alone."""
    lanes = [replace(each, checkpoints=0) for each in (objective, other or objective)]
    batch = [lanes[lane % 2] for lane in range(LANES)] if other else lanes[0]
    return Oracle(batch, 1e6, list(range(LANES)) if other else 0, arrays="torch", device="meta", **options)


@pytest.mark.parametrize("name", learning())
def test_nothing_leaves_the_device_between_checkpoints(name: str) -> None:
    problem = learning()[name]
    for number, (parameters, objective) in enumerate(variants(problem)):
        alone = number == 0
        for other in [None] * alone + [problem.make(2, **parameters)]:
            with crossings() as shapes, Traffic() as traffic:
                oracle = opened(objective, other)
                scored = 2 + len(objective.metrics)  # the score and its point
                assert len(shapes) == scored, parameters
                shapes.clear(), traffic.waited.clear()
                ask_everything(oracle, objective)
                assert (shapes, traffic.waited) == ([], []), parameters
                if number == 0:
                    books_of(oracle).end(Status.RETURNED)
                    assert len(shapes) == scored, parameters


def test_variants_take_every_word_and_factor() -> None:
    seen = [parameters for parameters, _ in variants(learning()["mlp"])]
    for name in ("activation", "loss", "norm", "augmentation", "sampling"):
        parameter = learning()["mlp"].parameters[name]
        words = {parameters.get(name, parameter.default) for parameters in seen}
        assert words == set(parameter.annotation.__args__), name
    assert any(parameters.get("dropout") for parameters in seen)


@pytest.mark.parametrize("fault", [lambda x: torch.zeros(x.shape[-1]), lambda x: torch.tensor(1.0, device=x.device)])
def test_faults_are_seen(fault) -> None:
    """A mask that is made on the CPU; a number that is sent at each question."""

    def formula(x, rows):
        return (x * fault(x)).sum(-1)

    faulty = Objective(formula, 2, data={"rows": np.ones(2)}, arrays="torch")
    with pytest.raises((RuntimeError, ValueError, AssertionError)), crossings(), Traffic() as traffic:
        oracle = opened(faulty, faulty)
        traffic.waited.clear()
        oracle.value(oracle.x0)
        assert traffic.waited == []


QUESTIONS = {True: 8, False: 3}  # of those that decide, and of the others


class Enough(BaseException):
    """A method has asked all that a test lets it ask."""


@pytest.mark.parametrize("method", methods_of_lanes(), ids=lambda method: method.name)
def test_methods_of_lanes_stay_on_the_device(method: registry.OptimizerDefinition, monkeypatch) -> None:
    objective = of_structure(method.structure)
    lanes = [replace(objective, checkpoints=0)] * LANES
    asked, decided, questions = [], [], QUESTIONS[method.name in DECIDING]
    ask, answer = Oracle._ask, torch.Tensor.__bool__

    def counted(self, *arguments, **options):
        asked.append(len(shapes))
        if len(asked) > questions:
            raise Enough
        return ask(self, *arguments, **options)

    def no(x: torch.Tensor) -> bool:
        decided.append(tuple(x.shape))
        return False

    monkeypatch.setattr(Oracle, "_ask", counted)
    if method.name in DECIDING:
        monkeypatch.setattr(torch.Tensor, "__bool__", lambda x: no(x) if x.is_meta else answer(x))
        monkeypatch.setattr(torch.Tensor, "__float__", lambda x: float(no(x)))
    settings = registry.settings(method, {"batch_size": 2} if "batch_size" in method.parameters else {})
    with crossings() as shapes, Traffic() as traffic:
        oracle = open_oracle(lanes, method, 1e6, list(range(LANES)), gap=0.0, device="meta")
        shapes.clear(), traffic.waited.clear()
        try:
            method.function(oracle, **settings)
        except Enough:
            pass
        except RuntimeError as error:
            assert method.name == "torch-asgd" and "item() cannot be called on meta" in str(error)
            return
        assert asked[1:] == asked[1:2] * questions, "nothing crosses from one question to the next"
        assert bool(decided) == (method.name in DECIDING)
        assert len(decided) <= len(asked), "one bit a question"
