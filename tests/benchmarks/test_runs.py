"""One run of each order: its seconds, and beside them the figures that a change of seconds must not touch."""

import numpy as np
import pytest

import bench

RUNS = {
    "order 0": ("rosenbrock", "nevergrad-CMA", 1000),
    "order 0, lanes": ("rosenbrock", "es-adam", 1000),
    "order 1": ("rosenbrock", "scipy-lbfgsb", 1000),
    "order 1, torch": ("rosenbrock", "torch-adam[lr=0.1]", 1000),
    "order 2": ("rosenbrock", "scipy-newton-cg", 1000),
    "learning": ("softmax", "torch-adam", 5),
    "control": ("cartpole", "random-search", 100),
}


def deterministic_figures(objective, run):
    """Evaluations to each target, counts, final gap: equal on every machine with the same versions."""
    cost = sum(price * run.trajectory[kind] for kind, price in bench.core.PRICES.items()) / objective.rows
    least = 0.0 if objective.f_opt is None else objective.f_opt
    best = run.trajectory.f.cummin() - least
    targets = {f"{gap:g}": cost[best <= gap].min() for gap in (1e2, 1e1, 1e0, 1e-1, 1e-2, 1e-4, 1e-8)}
    reached = {gap: float(value) for gap, value in targets.items() if np.isfinite(value)}
    return {"cost_to": reached, "counts": dict(run.counts), "final_gap": float(best.iloc[-1]), "status": run.status}


@pytest.mark.parametrize("name", RUNS)
def test_one_run(benchmark, name):
    problem, optimizer, budget = RUNS[name]
    objective = bench.make(problem)
    run = benchmark.pedantic(
        bench.minimize, (objective, optimizer), {"budget": budget, "seed": 1}, rounds=3, warmup_rounds=1
    )
    figures = deterministic_figures(objective, run)
    again = deterministic_figures(objective, bench.minimize(objective, optimizer, budget=budget, seed=1))
    benchmark.extra_info.update(figures)
    assert figures == again
    assert run.status in ("target", "budget")
