"""Methods for least squares: by hand, against SciPy, and against MINPACK's own figures."""

from math import inf
from typing import Any

import numpy as np
import pytest
import scipy.optimize

from bench.core import Array, Domain, Objective, Oracle, registry
from bench.core.oracle import books_of
from bench.problems.mgh.__main__ import ROWS, TOLERANCE, Fit
from bench.runner.single import open_oracle, play

registry.load(("bench.problems", "bench.optimizers"))
EPS = float(np.finfo(float).eps)


def run(name: str, objective: Objective, budget: float, **settings: object) -> Oracle:
    """The oracle after one descent."""
    definition = registry.find_optimizer(name)
    oracle = open_oracle(objective, definition, budget, 0, gap=-inf)
    assert play(oracle, definition.function, registry.settings(definition, settings), restarts=False) == ""
    return oracle


def line(x: Array) -> Array:
    return 3 * (x - 2)


def squares(x: Array) -> Array:
    return (line(x) ** 2).sum(-1)


LINE = Objective(squares, 1, residuals=line, start=lambda rng: np.zeros(1))


def best_points(name: str, budget: float, **settings: object) -> float:
    return float(books_of(run(name, LINE, budget, **settings)).ledgers[0].best_x[0])


def test_gauss_newton_solves_what_is_linear_in_one_step() -> None:
    assert best_points("gauss-newton", 4) == pytest.approx(2.0, rel=1e-15)


def test_levenberg_marquardt_damps_the_first_step() -> None:
    """The column 3 has length 1 when scaled: the step to 2 is divided by 1 + mu."""
    assert best_points("levenberg-marquardt", 4, damping=0.25) == pytest.approx(2 / 1.25, rel=1e-15)
    # its gain is 1, which divides mu by 3: what is left, 0.4, shrinks by mu / (1 + mu), mu being 1/12
    assert best_points("levenberg-marquardt", 6, damping=0.25) == pytest.approx(2 - 0.4 / 13, rel=1e-14)


def curve(x: Array) -> Array:
    """atan has a step of Gauss-Newton that overshoots from 2: to 2 - 5 atan 2 = -3.54."""
    import torch

    return torch.atan(x) if isinstance(x, torch.Tensor) else np.arctan(x)


def test_gauss_newton_halves_a_step_that_goes_up() -> None:
    objective = Objective(lambda x: (curve(x) ** 2).sum(-1), 1, residuals=curve, start=lambda rng: np.full(1, 2.0))
    # at 2, at 2 - 5 atan 2, and halfway, where f is lower
    assert books_of(run("gauss-newton", objective, 6)).ledgers[0].best_x[0] == pytest.approx(
        2 - 2.5 * np.arctan(2), rel=1e-14
    )


MINPACK = [
    pytest.param(row.problem, row.parameters, 10.0**power, fit, id=f"{row.problem}-{row.parameters}-{10**power}")
    for row in ROWS
    if row.problem in ("rosenbrock", "helical-valley", "freudenstein-roth", "bard", "osborne-2")
    for power, fit in enumerate(row.published)
]


@pytest.mark.parametrize(("problem", "parameters", "start_factor", "published"), MINPACK)
def test_scipy_lm_asks_what_minpack_evaluated(
    problem: str, parameters: dict[str, int], start_factor: float, published: Fit
) -> None:
    """SciPy asks again for what MINPACK asks first, which is free, and for one Jacobian more, at the end. Residuals are
    paid once at each point: the Jacobian is asked alone."""
    objective = registry.find_problem(f"mgh-{problem}").make(**parameters, start="standard", start_factor=start_factor)
    counts = run("scipy-lm", objective, 1e6, ftol=TOLERANCE, xtol=TOLERANCE, gtol=EPS).counts
    jacobians = counts["jacobian"] // objective.dim
    assert counts["value"] == published.nfev
    assert jacobians in (published.njev, published.njev + 1)


def test_scipy_lm_names_the_scale_that_only_newer_releases_have_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before SciPy 1.16 a scale of None was refused, and all runs crashed."""
    scales: list[object] = []
    solve = scipy.optimize.least_squares

    def watched(*args: Any, **keywords: Any) -> Any:
        scales.append(keywords["x_scale"])
        return solve(*args, **keywords)

    monkeypatch.setattr(scipy.optimize, "least_squares", watched)
    run("scipy-lm", registry.find_problem("mgh-beale").make(), 100)
    assert scales[:1] == ["jac"]


@pytest.mark.parametrize("method", ["trf", "dogbox"])
def test_scipy_takes_as_many_evaluations_as_called_alone(method: str) -> None:
    objective = registry.find_problem("mgh-wood").make(start="standard")
    counts = run(f"scipy-{method}", objective, 1e5, ftol=1e-8, xtol=1e-8, gtol=1e-8).counts
    alone = Oracle(objective, 1e5)
    found = scipy.optimize.least_squares(
        alone.residuals, alone.x0, lambda x: alone.residuals_and_jacobian(x)[1], method=method
    )
    assert counts["jacobian"] == 4 * found.njev
    assert counts["value"] == found.nfev


@pytest.mark.parametrize("name", ["scipy-trf", "scipy-dogbox"])
def test_scipy_stays_inside_the_box(name: str) -> None:
    objective = Objective(squares, 2, Domain(np.array([2.5, -2.0]), 5.0), residuals=line)
    points = np.array(books_of(run(name, objective, 200)).ledgers[0].points)
    assert points[:, 0].min() >= 2.5
    np.testing.assert_allclose(points[-1], [2.5, 2.0], atol=1e-5)


@pytest.mark.parametrize("name", ["scipy-lm", "scipy-trf", "scipy-dogbox", "gauss-newton", "levenberg-marquardt"])
def test_linear_least_squares_on_data_are_solved(name: str) -> None:
    objective = registry.find_problem("diabetes-least-squares").make()
    ledger = books_of(run(name, objective, 200)).ledgers[0]
    assert ledger.best == pytest.approx(objective.f_opt, rel=1e-9)
