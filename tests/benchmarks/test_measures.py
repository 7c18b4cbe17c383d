"""Runtimes, ERT and ECDF of 6,480 runs with 1.5 million events: 24 functions, 6 dims, 15 instances, 3 optimizers."""

import time

import numpy as np
import pandas as pd
import pytest

from bench.core.ledger import QUESTIONS
from bench.measure.comparison import Comparison
from bench.measure.convergence import convergence
from bench.measure.ecdf import ecdf
from bench.measure.ert import ert

FUNCTIONS, DIMS, INSTANCES, OPTIMIZERS, EVENTS = 24, (2, 3, 5, 10, 20, 40), 15, ("a", "b", "c"), 232
MOST = 2.0  # seconds of CPU for ERT and ECDF together


@pytest.fixture(scope="module")
def frames():
    """Made up: values fall by a power of the cost."""
    rng = np.random.default_rng(0)
    keys = [
        (f"bbob-f{f:02d}", dim, name, i + 1)
        for f in range(1, FUNCTIONS + 1)
        for dim in DIMS
        for name in OPTIMIZERS
        for i in range(INSTANCES)
    ]
    runs = pd.DataFrame(keys, columns=["problem", "dim", "optimizer", "instance"])
    facts = {"family": "bbob", "seed": runs.instance, "scored": False, "order": 0, "status": "budget", "gap": 1e-8}
    runs = runs.assign(run=range(len(runs)), **facts, budget=1e5, f_opt=0.0, first=1e4, rows=1, lanes=0)
    runs = runs.assign(**dict.fromkeys(QUESTIONS, 0), inside=0.0, outside=0.0, best=0.0, final=0.0)
    runs["value"], runs["cost"] = 100_000, 1e5
    cost = np.geomspace(1, 1e5, EVENTS).astype(np.int64)
    rate = rng.uniform(0.3, 2.5, (len(runs), 1))
    f = 1e4 * np.arange(1, EVENTS + 1) ** -rate
    events = pd.DataFrame({"run": np.repeat(runs.run, EVENTS).to_numpy(), "value": np.tile(cost, len(runs))})
    zeros = {name: 0 for name in QUESTIONS if name != "value"}
    return runs, events.assign(**zeros, inside=0.0, outside=0.0, f=f.ravel())


def test_ert_and_ecdf_of_a_million_events(benchmark, frames):
    runs, events = frames
    assert len(runs) == 6480 and len(events) > 1_500_000

    def both():
        began = time.process_time()
        view = Comparison(runs, lambda: [(runs, events)]).at()
        answer = ert(view), ecdf(view, ["optimizer"])
        return *answer, time.process_time() - began

    table, curves, seconds = benchmark.pedantic(both, rounds=3, warmup_rounds=1)
    assert len(table) == 24 * 6 * 3 * 11 and len(curves) == 3 * 120
    assert seconds < MOST


def test_convergence_of_a_million_events(benchmark, frames):
    curves = benchmark.pedantic(lambda: convergence(*frames), rounds=3, warmup_rounds=1)
    assert curves.groupby(["problem", "dim", "optimizer"]).ngroups == 24 * 6 * 3
