"""How much sooner several processes are done with a slow function: `python -m pytest -m slow -s` with this file."""

import subprocess
import sys

import pytest

MOST = 0.6  # of the seconds of one process, for two
# one comparison in a process of its own, as a script makes it: the children's server starts anew
SCRIPT = """
import sys
import time
import bench

def cost(x):
    time.sleep(0.05)
    return float(((x - 1) ** 2).sum())

began = time.perf_counter()
results = bench.compare(
    cost, [0.0, 0.0, 0.0], budget=200, seeds=4, optimizers=["scipy-nelder-mead"], workers=int(sys.argv[1])
)
print(time.perf_counter() - began, set(results.runs.value), len(results.runs))
"""


def seconds(workers: int, folder) -> float:
    command = [sys.executable, "-c", SCRIPT, str(workers)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    taken, rest = done.stdout.strip().rpartition("\n")[2].split(" ", 1)
    assert rest == "{200} 4"
    return float(taken)


@pytest.mark.slow
def test_two_processes_take_at_most_three_fifths_of_the_time_of_one(tmp_path):
    """4 seeds of 200 evaluations of 0.05 s, the start of the children's server included."""
    serial, parallel = seconds(1, tmp_path), seconds(2, tmp_path)
    print(f"\none process {serial:.1f} s, two {parallel:.1f} s: {parallel / serial:.2f} of it")
    assert serial > 40
    assert parallel <= MOST * serial
