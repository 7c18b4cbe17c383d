"""Methods and problems that misbehave, for the tests; a child process imports this module by its name."""

import os
import time

import numpy as np

from bench.core import Domain, Objective, Unavailable, optimizer, problem


@problem(family="odd", source="fogbench's own tests 2026")
def odd_bowl(dim: int = 2, instance: int = 1) -> Objective:
    return Objective(lambda x: (x * x).sum(-1), dim, domain=Domain(-5.0, 5.0), f_opt=0.0)


@problem(family="odd", source="fogbench's own tests 2026")
def odd_black_box(dim: int = 2, instance: int = 1) -> Objective:
    return Objective(lambda x: (x * x).sum(-1), dim, order=0, arrays="numpy")


@problem(family="odd", source="fogbench's own tests 2026")
def odd_unbuildable(instance: int = 1) -> Objective:
    def formula(x):
        raise RuntimeError("no value here")

    return Objective(formula, 2, order=0, arrays="numpy")


@problem(family="odd", source="fogbench's own tests 2026", needs=("a_module_that_is_not_there",))
def odd_elsewhere(instance: int = 1) -> Objective:
    raise ImportError("never called")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_walk(oracle, *, step: float = 1.0):
    x = oracle.x0
    while True:
        x = x + step * oracle.rng.standard_normal(oracle.dim)
        oracle.value(x)


@optimizer(order=1, source="fogbench's own tests 2026", lanes=True, arrays="torch")
def odd_descent(oracle, *, lr: float = 0.01):
    x = oracle.x0
    while True:
        x -= lr * oracle.gradient(x)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_particular(oracle):
    raise Unavailable("wants another problem")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_chatter(oracle):
    np.random.seed(0)
    print("printed by Python")
    os.write(1, b"written to 1\n")
    os.write(2, b"written to 2\n")
    oracle.value(oracle.x0)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_crash(oracle):
    for _ in range(3):
        oracle.value(oracle.x0 * 0.5)
    raise RuntimeError("lost in the fog")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_letters(oracle):
    raise RuntimeError("\udcff is no character")


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_exit(oracle):
    oracle.value(oracle.x0)
    raise SystemExit(3)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_killed(oracle):
    """The seeds tell the runs of a chunk apart: only those that draw below a half take their process down."""
    mortal = oracle.rng.random() < 0.5
    while True:
        oracle.value(oracle.x0)
        if mortal:
            os._exit(9)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_sleeper(oracle):
    oracle.value(oracle.x0)
    time.sleep(60)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_glutton(oracle):
    held = []
    while True:
        oracle.value(oracle.x0)
        held.append(np.ones(2_000_000))
        time.sleep(0.01)


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_silent(oracle):
    """Returns without a question."""


@optimizer(order=0, source="fogbench's own tests 2026")
def odd_quitter(oracle):
    """Returns after ten questions: it is restarted."""
    for _ in range(10):
        oracle.value(oracle.x0)
