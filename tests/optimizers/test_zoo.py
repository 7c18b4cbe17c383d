"""The bridges of the extra `zoo` against their packages."""

import inspect
import random
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch

from bench.core import Array, Objective, Oracle, registry
from bench.optimizers.schedules import factor
from bench.runner.single import play

LIBRARIES = "pytorch_optimizer", "prodigyopt", "schedulefree"  # imported where they are tested: it takes half a second
if absent := [library for library in LIBRARIES if not find_spec(library)]:
    pytest.skip(f"needs {', '.join(absent)}", allow_module_level=True)

torch.set_num_threads(1)
registry.load(("bench.optimizers",))
START = np.linspace(-1, 1, 8)
CURVATURES = np.arange(1.0, 9.0)
STEPS = 25

# ours, the class, and the defaults of the authors' own code where they are not the package's
RULES = {
    "prodigy": ("Prodigy", {}),
    "lion": ("Lion", {}),
    "ademamix": ("AdEMAMix", {"alpha": 2.0}),  # of the authors; the package has 5
    "adan": ("Adan", {}),
    "adopt": ("ADOPT", {}),
    "shampoo": ("Shampoo", {"lr": 1.0, "matrix_eps": 1e-4}),
    "soap": ("SOAP", {}),
    "kron": ("Kron", {}),
}
AVERAGING = {"schedulefree-sgd": "SGDScheduleFree", "schedulefree-adamw": "AdamWScheduleFree"}
NAMES = [*RULES, *AVERAGING, "sophia"]


def kind_of(name: str) -> Any:
    """A class of one of the libraries."""
    if "ScheduleFree" in name:
        return getattr(import_module("schedulefree"), name)
    return getattr(import_module("prodigyopt" if name == "Prodigy" else "pytorch_optimizer"), name)


def bowl(x: Array, curvatures: Array) -> Array:
    return 0.5 * (curvatures * x**2).sum(-1)


def layered() -> Objective:
    """A bowl over a matrix (2, 3) and a vector (2,)."""
    return Objective(bowl, 8, constants={"curvatures": CURVATURES}, shapes=((2, 3), (2,)))


def answer(name: str, budget: float, objective: Objective | None = None, **hyperparameters: object) -> np.ndarray:
    """What the method holds as its answer when it is stopped or returns."""
    definition, seen = registry.find_optimizer(name), []
    oracle = Oracle(objective or layered(), budget, start=START, order=definition.order, arrays="torch")
    recommend = oracle.recommend

    def spy(x: Array) -> None:
        seen.append(x)
        recommend(x)

    vars(oracle)["recommend"] = spy
    settings = registry.settings(definition, hyperparameters)
    assert play(oracle, definition.function, settings, restarts=False) == ""
    return seen[-1].numpy()


def layers() -> list[torch.Tensor]:
    start = torch.tensor(START)
    return [start[:6].reshape(2, 3).clone(), start[6:].clone()]


def give_gradients(parameters: list[torch.Tensor]) -> None:
    curvatures = torch.tensor(CURVATURES)
    for parameter, c in zip(parameters, (curvatures[:6].reshape(2, 3), curvatures[6:]), strict=True):
        parameter.grad = c * parameter


def flat(parameters: list[torch.Tensor]) -> torch.Tensor:
    return torch.cat([parameter.flatten() for parameter in parameters])


@pytest.mark.parametrize("name", [name for name in RULES if name != "kron"])
def test_a_rule_steps_as_its_package_does_with_the_default_rate(name: str) -> None:
    kind, defaults = RULES[name]
    parameters = layers()
    rule = kind_of(kind)(parameters, **defaults)
    lr = rule.param_groups[0]["lr"]
    for step in range(STEPS):
        give_gradients(parameters)
        rule.param_groups[0]["lr"] = lr * factor("cosine", step, STEPS)
        rule.step()
    np.testing.assert_allclose(answer(name, 3 * STEPS, schedule="cosine"), flat(parameters), rtol=1e-7)


@pytest.mark.parametrize("name", AVERAGING)
def test_what_is_recommended_is_the_point_of_eval_mode(name: str) -> None:
    """At a rate that does not diverge on these curvatures, unlike SGD's default 1."""
    parameters = layers()
    rule = kind_of(AVERAGING[name])(parameters, lr=0.05)
    rule.train()
    for _ in range(STEPS):
        give_gradients(parameters)
        rule.step()
    asked = flat(parameters)
    rule.eval()
    ours = answer(name, 3 * STEPS, lr=0.05)
    np.testing.assert_allclose(ours, flat(parameters), rtol=1e-7, atol=1e-12)
    assert not np.allclose(ours, asked, rtol=1e-2)


def test_sophia_takes_the_diagonal_of_the_hessian_every_ten_steps() -> None:
    """On a diagonal Hessian the estimate is exact; the package has the longest step as lr * p."""
    x = torch.tensor(START)
    rule = kind_of("SophiaH")([x], lr=0.02 / 0.01, p=0.01)
    diagonal = torch.tensor(CURVATURES)
    for step in range(STEPS):
        x.grad = diagonal * x
        rule.step(hessian=None if step % 10 else [diagonal])
        rule.update_period = STEPS  # else the package would differentiate by itself
    ours = answer("sophia", 3 * STEPS + 6 * 3, lr=0.02)
    np.testing.assert_allclose(ours, x, rtol=1e-9)


@pytest.mark.parametrize("name", [*RULES, *AVERAGING])
def test_defaults_are_those_of_the_package_unless_the_authors_have_others(name: str) -> None:
    kind, authors = RULES.get(name) or (AVERAGING[name], {})
    theirs = {key: item.default for key, item in inspect.signature(kind_of(kind)).parameters.items()} | authors
    ours = {key: item.default for key, item in registry.find_optimizer(name).parameters.items()}
    betas = tuple(ours[key] for key in ("beta1", "beta2", "beta3") if key in ours)
    if betas:
        assert betas == theirs["betas"]
    common = {"lr", "momentum", "weight_decay"} & ours.keys()
    assert {key: ours[key] for key in common} == {key: theirs[key] for key in common}


def test_kron_descends_and_its_randomness_comes_from_the_seed() -> None:
    with_layers = [answer("kron", 3 * STEPS) for _ in range(2)]
    np.testing.assert_array_equal(*with_layers)
    assert layered().f(with_layers[0]) < layered().f(START)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_printed_and_no_global_generator_moves(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    answer(name, 60)
    assert before == (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", NAMES)
def test_matrices_that_are_not_finite_are_no_crash(name: str, bad: float) -> None:
    objective = Objective(lambda x, c: c * bowl(x, 1.0), 8, constants={"c": bad}, shapes=((2, 3), (2,)))
    assert answer(name, 60, objective).shape == (8,)  # and what it holds may be anything
