"""The memory of optimizers, of frames by hand."""

import numpy as np
import pandas as pd

from bench.core.books import MEASURED
from bench.measure import words
from bench.measure.memory import large, memory, unmeasured

FRAME = pd.DataFrame(
    [
        ("net", 1000, "adam", 1, "budget", 8000.0, np.nan),
        ("net", 1000, "adam", 1, "budget", 8000.0, np.nan),
        ("net", 1000, "sgd", 1, "budget", 0.0, 3e8),
        ("net", 1000, "sgd", 1, "budget", 0.0, 5e8),
        ("net", 1000, "old", 1, "budget", np.nan, np.nan),
        ("bowl", 2, "adam", 1, "target", 32.0, np.nan),
        ("bowl", 2, "sgd", 1, "skipped", np.nan, np.nan),
    ],
    columns=["problem", "dim", "optimizer", "order", "status", "state_bytes", "peak_memory"],
).assign(seed=0, lanes=0)


def test_medians_by_problem_and_those_with_the_least_first() -> None:
    table = memory(FRAME)
    rows = table[["problem", "optimizer", "runs", "state_bytes", "bytes_a_coordinate"]].to_numpy().tolist()
    assert rows == [["bowl", "adam", 1, 32.0, 16.0], ["net", "sgd", 2, 0.0, 0.0], ["net", "adam", 2, 8000.0, 8.0]]
    assert table.peak_memory.tolist()[1] == 4e8
    assert table.peak_memory.isna().tolist() == [True, False, True]


def test_who_was_not_measured_is_said_with_the_reason():
    rows = [
        ("net", 1000, "adam", 1, "crashed", np.nan, np.nan),
        ("net", 1000, "soap", 2, "crashed", np.nan, np.nan),
        ("net", 1000, "soap", 2, "killed", np.nan, np.nan),
        ("net", 1000, "gone", 1, "left", np.nan, np.nan),
    ]
    made = pd.DataFrame(rows, columns=FRAME.columns[:7]).assign(seed=0, lanes=0)
    runs = pd.concat([FRAME, made], ignore_index=True)
    lacking = unmeasured(runs)
    assert lacking.to_numpy().tolist() == [
        ["adam", "crashed", 1, 3],
        ["old", "budget", 1, 1],
        ["soap", "crashed", 1, 2],
        ["soap", "killed", 1, 2],
    ]
    assert words.unmeasured(lacking.itertuples()) == (
        " Not measured: adam (1 of 3 runs crashed), old (its only run is without a measurement), soap (1 of 2 runs "
        "crashed) and soap (1 of 2 runs was killed)."
    )
    assert unmeasured(FRAME[FRAME.optimizer == "sgd"]).empty
    late = FRAME[FRAME.optimizer == "old"].assign(seed=MEASURED)
    assert unmeasured(late).empty  # only the first seeds are
    assert unmeasured(late.assign(lanes=2)).runs.tolist() == [1]  # of lanes all
    assert unmeasured(FRAME.drop(columns="state_bytes")).empty and words.unmeasured([]) == ""


def test_of_large_problems_alone_is_there_a_figure() -> None:
    assert large(memory(FRAME)).problem.unique().tolist() == ["net"]
    assert memory(FRAME.drop(columns="state_bytes")).empty
