"""Rules of torch against torch itself, schedules against its schedulers, and lanes with learning rates of their own."""

import inspect
from math import ceil
from typing import get_args

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler

import bench
from bench.core import Array, Objective, Oracle, registry
from bench.core.ledger import Ledger
from bench.core.oracle import books_of
from bench.core.registry import OptimizerDefinition
from bench.optimizers.schedules import Schedule, factor, gradients
from bench.runner.single import open_oracle, play

torch.set_num_threads(1)
registry.load(("bench.optimizers",))
START = np.array([2.0, -1.0])
CURVATURES = np.array([1.0, 7.0])


def bowl(x: Array, curvatures: Array) -> Array:
    return 0.5 * (curvatures * x**2).sum(-1)


def squared_error(x: Array, inputs: Array, targets: Array) -> Array:
    return ((((x[..., None, :] * inputs).sum(-1)) - targets) ** 2).mean(-1)


def regression(seed: int = 0, rows: int = 48, **options: object) -> Objective:
    rng = np.random.default_rng(seed)
    data = {"inputs": rng.standard_normal((rows, 3)), "targets": rng.standard_normal(rows)}
    return Objective(squared_error, 3, data=data, name="regression", **options)


def run(oracle: Oracle, name: str, **hyperparameters: object) -> list[Ledger]:
    """The books of a run that must not crash. `lr` may be an array."""
    definition = registry.find_optimizer(name)
    rates = {"lr": hyperparameters.pop("lr")} if isinstance(hyperparameters.get("lr"), torch.Tensor) else {}
    settings = {**registry.settings(definition, hyperparameters), **rates}
    assert play(oracle, definition.function, settings, restarts=False) == ""
    return books_of(oracle).ledgers


def asked(name: str, objective: Objective, gradients: int, **hyperparameters: object) -> np.ndarray:
    """The points of a run from START on a problem of two dimensions."""
    oracle = Oracle(objective, 3 * gradients, start=START, order=1, arrays="torch")
    return np.array(run(oracle, name, **hyperparameters)[0].points)


def last_recommended(oracle: Oracle, name: str, **hyperparameters: object) -> np.ndarray:
    """What the method holds as its answer when it is stopped."""
    seen, recommend = [], oracle.recommend

    def spy(x: Array) -> None:
        seen.append(x)
        recommend(x)

    vars(oracle)["recommend"] = spy
    run(oracle, name, **hyperparameters)
    return seen[-1].numpy()


SCHEDULERS = {
    "constant": lambda rule, n: lr_scheduler.ConstantLR(rule, factor=1.0),
    "warm-up": lambda rule, n: lr_scheduler.LinearLR(rule, 1 / ceil(n / 10), 1.0, max(1, ceil(n / 10) - 1)),
    "step": lambda rule, n: lr_scheduler.StepLR(rule, ceil(n / 3), gamma=0.1),
    "multi-step": lambda rule, n: lr_scheduler.MultiStepLR(rule, [ceil(n / 2), ceil(3 * n / 4)], gamma=0.1),
    "exponential": lambda rule, n: lr_scheduler.ExponentialLR(rule, 0.01 ** (1 / n)),
    "linear": lambda rule, n: lr_scheduler.LinearLR(rule, 1.0, 0.0, n),
    "polynomial": lambda rule, n: lr_scheduler.PolynomialLR(rule, n, power=2),
    "cosine": lambda rule, n: lr_scheduler.CosineAnnealingLR(rule, n),
    "warm-up-cosine": lambda rule, n: lr_scheduler.SequentialLR(
        rule, [SCHEDULERS["warm-up"](rule, n), SCHEDULERS["cosine"](rule, n - ceil(n / 10))], [ceil(n / 10)]
    ),
    "one-cycle": lambda rule, n: lr_scheduler.OneCycleLR(rule, 1.0, n, cycle_momentum=False),
    "warm-restarts": lambda rule, n: lr_scheduler.CosineAnnealingWarmRestarts(rule, ceil(n / 7), 2),
    "cyclic": lambda rule, n: lr_scheduler.CyclicLR(rule, 0.25, 1.0, step_size_up=n // 10, cycle_momentum=False),
    "inverse-sqrt": lambda rule, n: lr_scheduler.LambdaLR(rule, lambda step: (step + 1) ** -0.5),
}


def test_every_schedule_is_compared() -> None:
    assert set(SCHEDULERS) == set(get_args(Schedule))


@pytest.mark.parametrize("steps", [20, 53, 210])
@pytest.mark.parametrize("name", SCHEDULERS)
def test_a_schedule_is_that_of_torch(name: str, steps: int) -> None:
    rule = torch.optim.SGD([torch.zeros(1)], lr=1.0)
    scheduler = SCHEDULERS[name](rule, steps)
    theirs = []
    for _ in range(steps):
        theirs.append(rule.param_groups[0]["lr"])
        rule.step()  # without which torch warns
        scheduler.step()
    np.testing.assert_allclose([factor(name, step, steps) for step in range(steps)], theirs, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_schedule_of_few_steps_is_a_factor_and_past_its_end_it_stays(name: str, steps: int) -> None:
    assert all(0 <= factor(name, step, steps) <= 1 for step in range(steps + 1))
    assert factor(name, steps + 5, steps) == factor(name, steps, steps)


@pytest.mark.parametrize("remainder", [True, False])
@pytest.mark.parametrize("budget", [0.7, 3, 7.5, 20])
@pytest.mark.parametrize("batch_size", [1, 5, 32, 48, None])
def test_the_steps_of_a_schedule_are_those_that_the_budget_pays(
    batch_size: int | None, budget: float, remainder: bool
) -> None:
    oracle = Oracle(regression(remainder=remainder), budget, order=1, arrays="torch")
    planned, taken = gradients(oracle, batch_size), 0
    with oracle:
        for batch in oracle.minibatches(batch_size):
            batch.gradient(oracle.x0)
            taken += 1
    assert planned == max(taken, 1)


RULES = [
    ("gradient-descent", "SGD", {}, {}),
    ("heavy-ball", "SGD", {}, {"momentum": 0.9}),
    ("nesterov", "SGD", {}, {"momentum": 0.9, "nesterov": True}),
    ("torch-sgd", "SGD", {"momentum": 0.5, "nesterov": True}, {"momentum": 0.5, "nesterov": True}),
    ("torch-adam", "Adam", {"beta1": 0.8, "beta2": 0.95, "eps": 1e-3}, {"betas": (0.8, 0.95), "eps": 1e-3}),
    ("torch-adamw", "AdamW", {"weight_decay": 0.3}, {"weight_decay": 0.3}),
    ("torch-adamax", "Adamax", {"beta1": 0.8}, {"betas": (0.8, 0.999)}),
    ("torch-nadam", "NAdam", {"beta1": 0.8}, {"betas": (0.8, 0.999)}),
    ("torch-radam", "RAdam", {"beta1": 0.8}, {"betas": (0.8, 0.999)}),
    ("torch-rmsprop", "RMSprop", {"momentum": 0.5, "centered": True}, {"momentum": 0.5, "centered": True}),
    ("torch-adagrad", "Adagrad", {}, {}),
    ("torch-adadelta", "Adadelta", {"eps": 1e-3, "rho": 0.8}, {"eps": 1e-3, "rho": 0.8}),
    ("torch-asgd", "ASGD", {"lambd": 0.1}, {"lambd": 0.1}),
    ("torch-rprop", "Rprop", {"shrink": 0.4, "grow": 1.3}, {"etas": (0.4, 1.3)}),
]


SCHEDULED = [
    (name, rule, {**ours, "schedule": "cosine"}, theirs)
    for name, rule, ours, theirs in RULES
    if "schedule" in registry.find_optimizer(name).parameters
]


@pytest.mark.parametrize("name, rule, ours, theirs", RULES + SCHEDULED)
def test_a_rule_asks_the_points_of_torch(name: str, rule: str, ours: dict, theirs: dict) -> None:
    schedule = ours.get("schedule", "constant")
    x, steps, points = torch.tensor(START), 30, []
    method = getattr(torch.optim, rule)([x], lr=0.03, **theirs)
    for step in range(steps):
        points.append(x.tolist())
        method.param_groups[0]["lr"] = 0.03 * factor(schedule, step, steps)
        x.grad = torch.tensor(CURVATURES) * x
        method.step()
    objective = Objective(bowl, 2, constants={"curvatures": CURVATURES})
    np.testing.assert_allclose(asked(name, objective, steps, lr=0.03, **ours), points, rtol=1e-9)


def test_every_rule_of_torch_for_dense_gradients_is_here_with_its_own_defaults() -> None:
    kinds = {key.lower(): kind for key, kind in vars(torch.optim).items() if inspect.isclass(kind)}
    for name in set(kinds) - {"optimizer", "lbfgs", "sparseadam"}:
        parameters = registry.find_optimizer(f"torch-{name}").parameters
        theirs = inspect.signature(kinds[name]).parameters
        common = parameters.keys() & theirs.keys() - ({"momentum"} if name == "sgd" else set())
        assert {key: parameters[key].default for key in common} == {key: theirs[key].default for key in common}
        assert "lr" in common


RATES = [item.name for item in registry.OPTIMIZERS.values() if item.lane_rates and item.order == 1]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
@pytest.mark.parametrize("name", RATES)
def test_a_lane_with_its_own_rate_equals_the_single_run(name: str, schedule: str, dtype: str) -> None:
    definition: OptimizerDefinition = registry.find_optimizer(name)
    given = {"schedule": schedule} if "schedule" in definition.parameters else {}
    rates, objectives, seeds = [0.001, 0.0137, 0.1], [regression(k, dtype=dtype) for k in range(3)], [4, 5, 6]
    together = open_oracle(objectives, definition, 7, seeds, gap=-np.inf)
    lanes = run(together, name, lr=together.array(np.array(rates)[:, None]), **given)
    for lane, lr, objective, seed in zip(lanes, rates, objectives, seeds, strict=True):
        (alone,) = run(open_oracle(objective, definition, 7, seed, gap=-np.inf), name, lr=lr, **given)
        assert [event[-1] for event in lane.events] == [event[-1] for event in alone.events]
        np.testing.assert_array_equal(lane.best_x, alone.best_x)
    assert len({lane.best for lane in lanes}) == 3


def test_rates_of_lanes_are_declared_where_the_step_is_linear_in_them() -> None:
    assert {"torch-sgd", "torch-adam", "torch-adamw", "subgradient"} <= set(RATES)
    assert not {"torch-asgd", "torch-rprop", "torch-adafactor", "torch-muon"} & set(RATES)


def test_one_row_a_step_is_the_default_of_stochastic_gradient() -> None:
    definition = registry.find_optimizer("stochastic-gradient")
    oracle = Oracle(regression(), 3 * 5 / 48, order=1, arrays="torch")
    batches, rows = oracle.minibatches, []

    def spy(size: int | None) -> object:
        rows.append(size)
        return batches(size)

    vars(oracle)["minibatches"] = spy
    play(oracle, definition.function, registry.settings(definition, {}), restarts=False)
    assert rows == [1]
    assert oracle.counts["gradient"] == 5


def kink(x: Array) -> Array:
    return abs(x).sum(-1)


def test_the_subgradient_method_steps_by_one_over_the_root_and_recommends_the_best() -> None:
    """From (2, -1) with lr 1.5 on |x| + |y|: (0.5, 0.5), then 1.5 / sqrt(2) further, which is higher."""
    best = START + 1.5 * np.array([-1, 1])
    points = [START, best, best - 1.5 / np.sqrt(2)]
    np.testing.assert_allclose(asked("subgradient", Objective(kink, 2), 3, lr=1.5), points)
    oracle = Oracle(Objective(kink, 2), 9, start=START, order=1, arrays="torch")
    np.testing.assert_allclose(last_recommended(oracle, "subgradient", lr=1.5), best)


def mean_kink(x: Array, rows: Array) -> Array:
    return abs(x[..., None, :] - rows).sum(-1).mean(-1)


def test_the_subgradient_method_recommends_the_weighted_mean_on_mini_batches() -> None:
    """Rows that are alike: the gradient stays (1, -1) as long as no coordinate has crossed 0."""
    objective = Objective(mean_kink, 2, data={"rows": np.zeros((4, 2))})
    oracle = Oracle(objective, 3 * 3 / 2, start=START, order=1, arrays="torch")
    weights = np.array([1, 2**-0.5, 3**-0.5])
    steps = np.array([0, 1, 1 + 2**-0.5])
    points = START + 0.1 * steps[:, None] * np.array([-1, 1])
    answer = last_recommended(oracle, "subgradient", lr=0.1, batch_size=2)
    np.testing.assert_allclose(answer, weights @ points / weights.sum())


def test_averaged_gradient_descent_recommends_the_mean_of_its_points() -> None:
    """With t0 = 0 torch begins with the second of the points x_t = x_0 - 0.1 t slope."""
    objective = Objective(lambda x, slope: (slope * x).sum(-1), 2, constants={"slope": np.array([1.0, 2.0])})
    oracle = Oracle(objective, 3 * 5, start=START, order=1, arrays="torch")
    answer = last_recommended(oracle, "torch-asgd", lr=0.1, lambd=0, alpha=0, t0=0)
    np.testing.assert_allclose(answer, START - 0.1 * np.mean([2, 3, 4, 5]) * np.array([1, 2]))


def layered() -> Objective:
    """A bowl over a matrix (2, 3) and a vector (2,)."""
    return Objective(bowl, 8, constants={"curvatures": np.arange(1.0, 9.0)}, shapes=((2, 3), (2,)))


@pytest.mark.parametrize("name", ["torch-muon", "torch-adafactor"])
def test_rules_of_matrices_see_the_layers(name: str) -> None:
    start, steps, lr = np.linspace(-1, 1, 8), 12, 0.05
    matrix, vector = torch.tensor(start[:6]).reshape(2, 3), torch.tensor(start[6:])
    if name == "torch-muon":
        options = {"lr": lr, "weight_decay": 0.1}
        methods = [torch.optim.Muon([matrix], adjust_lr_fn="match_rms_adamw", **options)]
        methods += [torch.optim.AdamW([vector], **options)]
    else:
        methods = [torch.optim.Adafactor([matrix, vector], lr=lr)]
    curvatures = torch.arange(1.0, 9.0, dtype=torch.float64)
    for step in range(steps):
        matrix.grad, vector.grad = curvatures[:6].reshape(2, 3) * matrix, curvatures[6:] * vector
        for method in methods:
            method.param_groups[0]["lr"] = lr * factor("linear", step, steps)
            method.step()
    oracle = Oracle(layered(), 3 * steps, start=start, order=1, arrays="torch")
    answer = last_recommended(oracle, name, lr=lr, schedule="linear")
    np.testing.assert_allclose(answer, torch.cat([matrix.flatten(), vector]), rtol=1e-9)


def test_a_schedule_is_a_hyperparameter_by_name() -> None:
    ends = {
        schedule: bench.minimize(bench.make("rosenbrock"), f"torch-sgd[lr=0.001,schedule={schedule}]", budget=90).best
        for schedule in ("constant", "cosine")
    }
    assert ends["constant"] != ends["cosine"]
    with pytest.raises(ValueError, match=r"schedule must be one of constant, .*cosine.*got 'sine'"):
        registry.settings(registry.find_optimizer("torch-sgd"), {"schedule": "sine"})
