"""The bridge to pytorch_optimizer: its names, each beside its class called bare, and what all optimizers must do."""

import inspect
import random
from collections import Counter
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch

from bench.core import Array, Objective, Oracle, registry
from bench.core.ledger import QUESTIONS, Ledger
from bench.core.oracle import books_of
from bench.core.registry import Unavailable
from bench.optimizers.pytorch_optimizer import LIBRARY, NAMES, PAPERS, Entry, entries, table
from bench.optimizers.zoo import seeded
from bench.runner.single import open_oracle, play

if not find_spec("pytorch_optimizer"):
    pytest.skip("needs pytorch_optimizer", allow_module_level=True)

torch.set_num_threads(1)
registry.load(("bench.optimizers",))
ENTRIES = {entry.name: entry for entry in entries()}
RUN = [name for name, entry in ENTRIES.items() if entry.way]
REFUSED = {name: entry.reason for name, entry in ENTRIES.items() if not entry.way}
SHAPES = ((4, 3), (4,), (2, 3, 2, 1))
DIM, STEPS, SEED = 28, 12, 7
START = np.linspace(-1, 1, DIM)
CURVATURES = np.linspace(1, 3, DIM)

run = pytest.mark.parametrize("name", RUN)


@cache
def classes() -> dict[str, Any]:
    """By name. The library is imported by the process that runs these tests, and not by all that collect them."""
    from pytorch_optimizer.optimizer import OPTIMIZERS

    return {kind.__name__: kind for kind in OPTIMIZERS.values()}


def bowl(x: Array, curvatures: Array) -> Array:
    return 0.5 * (curvatures * x**2).sum(-1)


def layered(scale: float = 1.0) -> Objective:
    return Objective(bowl, DIM, constants={"curvatures": scale * CURVATURES}, shapes=SHAPES, name="layered")


def flat(parameters: list[Any]) -> np.ndarray:
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in parameters])


def played(name: str, objective: Objective, budget: float, seed: int = SEED, **given: Any) -> tuple[Ledger, Array]:
    """The books of a run that must not crash, and the point that it recommends last."""
    definition = registry.find_optimizer(f"pytorch-optimizer-{name}")
    oracle = open_oracle(objective, definition, budget, seed, gap=-np.inf, start=START)
    error = play(oracle, definition.function, registry.settings(definition, given), restarts=True)
    assert error == ""
    return books_of(oracle).ledgers[0], books_of(oracle).recommended


def bare(entry: Entry, steps: int) -> np.ndarray:
    """Where the class comes in so many steps over parameters of torch, drawing what the bridge draws."""
    start, curvatures = torch.tensor(START), torch.tensor(CURVATURES)
    sizes = [int(np.prod(shape)) for shape in SHAPES]
    parameters = [
        torch.nn.Parameter(part.reshape(shape).clone()) for part, shape in zip(start.split(sizes), SHAPES, strict=True)
    ]
    parts = [part.reshape(shape) for part, shape in zip(curvatures.split(sizes), SHAPES, strict=True)]

    def ask() -> torch.Tensor:
        f = torch.zeros((), dtype=torch.float64)
        for parameter, c in zip(parameters, parts, strict=True):
            x = parameter.detach()
            parameter.grad = c * x if entry.name != "SCIONLight" or parameter.grad is None else parameter.grad + c * x
            f += 0.5 * (c * x**2).sum()
        return f

    kind = classes()[entry.name]
    options: dict[str, Any] = {} if entry.rate is None else {"lr": entry.rate}
    options |= {"num_iterations": steps} if entry.name == "Ranger21" else {}
    options |= {f"{what}_dtype": torch.float64 for what in ("momentum", "fim")} if entry.name == "FAdam" else {}
    others = []
    groups: Any = parameters
    if entry.way == "muon":
        groups = [
            {"params": [p for p in parameters if p.ndim >= 2], "use_muon": True},
            {"params": [p for p in parameters if p.ndim < 2], "use_muon": False},
        ]
    elif entry.way == "matrices":
        groups = [p for p in parameters if p.ndim == 2]
        others = [torch.optim.AdamW([p for p in parameters if p.ndim != 2], lr=entry.rate or 0)]
    method = kind(groups, **options)
    if hasattr(method, "train"):
        method.train()
    for k in range(steps):
        more: dict[str, Any] = {"closure": ask} if entry.way == "asks" else {}
        if entry.way == "hessian" and k % method.update_period == 0:
            more["hessian"] = parts
        if entry.way != "asks":
            ask()
        for rule in (method, *others):
            rule.step(**more)
    if hasattr(method, "eval"):
        method.eval()
    return flat(parameters)


def states() -> tuple[Any, Any, Any]:
    """Of all global generators."""
    numpy_state: Any = np.random.get_state()
    return random.getstate(), numpy_state[1].tolist(), torch.get_rng_state().tolist()


def test_the_file_has_the_names_of_the_library_and_its_defaults() -> None:
    assert set(ENTRIES) == set(classes())
    assert len(RUN) >= 120
    for name, way, rate, decay, _ in table(NAMES):
        parameters = inspect.signature(classes()[name]).parameters
        for key, text in (("lr", rate), ("weight_decay", decay)):
            default = parameters[key].default if key in parameters else None
            assert (text == "-") == (default is None or isinstance(default, bool)), (name, key)
            assert text == "-" or float(text) == default, (name, key)
        assert ("hessian" in inspect.signature(classes()[name].step).parameters) == (way == "hessian"), name


def test_each_has_a_paper_and_says_who_gives_the_rate() -> None:
    papers = table(PAPERS)
    assert {name for name, *_ in papers} == set(classes())
    for name, rate, given_by, source in papers:
        assert given_by in ("paper", "code", "library"), name
        assert (rate == "-") == (given_by == "library"), name
        assert given_by != "code" or "github.com/" in source, f"{name}: code without its repository"
        assert any(word.strip(",").isdigit() for word in source.split()), name
        assert ENTRIES[name].source == source != LIBRARY
        if rate != "-":
            definition = registry.find_optimizer(f"pytorch-optimizer-{name}")
            assert name in REFUSED or definition.parameters["lr"].default == float(rate)


def test_the_readme_counts_who_gives_the_rates_and_names_those_that_differ() -> None:
    text = PAPERS.with_name("README.md").read_text(encoding="utf-8")
    papers = {name: (rate, given_by) for name, rate, given_by, _ in table(PAPERS)}
    counts = Counter(given_by for _, given_by in papers.values())
    flat = " ".join(text.split())
    assert f"in their paper ({counts['paper']}) or their code ({counts['code']}, " in flat
    assert f"elsewhere ({counts['library']}) the library's" in flat
    rows = text.split("| | authors | library | where |")[1].split("\n\n")[0].splitlines()[2:]
    shown = {}
    for names, *rates in ([cell.strip() for cell in row.strip("| ").split("|")[:3]] for row in rows):
        shown |= {name: tuple(map(float, rates)) for name in names.removesuffix(" (is not run)").split(", ")}
    defaults = {name: rate for name, _, rate, *_ in table(NAMES)}
    differ = {name: rate for name, (rate, _) in papers.items() if rate != "-" and float(rate) != float(defaults[name])}
    assert shown == {name: (float(rate), float(defaults[name])) for name, rate in differ.items()}


@run
def test_it_steps_as_the_class_does_alone(name: str) -> None:
    entry = ENTRIES[name]
    budget = 3 * STEPS
    if entry.way == "hessian":
        every = 1 if name == "AdaHessian" else 10
        budget = 3 * STEPS + 6 * (-(-STEPS // every))
    if name == "LBFGS":
        budget = 60  # it asks up to 20 times a step, and is stopped within one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.optimizers.pytorch_optimizer.seeded", lambda seed, x: seeded(SEED, x))
        given: dict[str, Any] = {} if entry.decay is None else {"weight_decay": entry.decay}
        _, x = played(name, layered(), budget, **given)
    if name == "LBFGS":
        assert bowl(x.numpy(), CURVATURES) < 1e-6 * bowl(START, CURVATURES)
        return
    with seeded(SEED, torch.zeros(1)):
        expected = bare(entry, STEPS)
    np.testing.assert_allclose(x, expected, rtol=1e-6, atol=1e-9)
    assert not np.allclose(expected, START, atol=1e-12)


@run
def test_it_spends_the_budget_and_no_more_repeatably_and_leaves_global_generators(name: str) -> None:
    before = states()
    ledgers: list[Ledger] = [played(name, layered(), 50)[0] for _ in range(2)]
    counts = ledgers[0].counts
    assert before == states()
    spent = sum(count * price for count, price in zip(counts, (1, 3, 6, 1, 2), strict=True))
    assert 50 - 6 < spent <= 50
    assert (counts[QUESTIONS.index("hessian_vector")] > 0) == (ENTRIES[name].way == "hessian")
    assert ledgers[0].status == "budget"
    seconds = [len(QUESTIONS), len(QUESTIONS) + 1]
    events = [np.delete(np.array(ledger.events), seconds, axis=1) for ledger in ledgers]
    np.testing.assert_array_equal(events[0], events[1])


@run
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_no_crash(name: str, bad: float) -> None:
    ledger, _ = played(name, layered(bad), 20)
    assert ledger.status in ("budget", "diverged", "returned")


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_run_is_skipped_with_its_reason(name: str) -> None:
    definition = registry.find_optimizer(f"pytorch-optimizer-{name}")
    assert len(REFUSED[name]) > 10
    oracle = Oracle(layered(), 9, arrays="torch", order=1)
    with pytest.raises(Unavailable, match=f"{name} is not run here: {REFUSED[name][:20]}"):
        play(oracle, definition.function, registry.settings(definition, {}), restarts=True)


def test_a_schedule_moves_the_rate_of_every_layer_until_the_method_sets_its_own() -> None:
    """By a linear schedule of four steps the rates are 1, 3/4, 1/2 and 1/4 of the first: signs show them."""
    slopes = Objective(lambda x, c: (c * x).sum(-1), DIM, constants={"c": np.ones(DIM)}, shapes=SHAPES)
    _, x = played("SignSGD", slopes, 12, lr=0.1, weight_decay=0.0, schedule="linear")
    moved = START - x.numpy()
    np.testing.assert_allclose(moved, moved[0])
    _, constant = played("SignSGD", slopes, 12, lr=0.1, weight_decay=0.0)
    assert 0 < moved[0] < 0.8 * (START - constant.numpy())[0]


@pytest.mark.slow
@run
def test_it_lowers_a_quadratic_at_one_of_three_rates(name: str) -> None:
    from bench.optimizers.pytorch_optimizer_names import FACTORS, reached

    assert any(reached(ENTRIES[name], factor)[1] == "" for factor in FACTORS)
