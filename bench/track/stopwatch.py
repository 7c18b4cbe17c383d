"""A program of its own: the seconds that a method takes for itself in a run, the least of several.

It uses nothing but the public names of `bench`, so that it times whatever version it finds, older ones too. Lines of
JSON come in: modules to import, then runs of optimizer, problem, parameters, instance, seed, budget, gap, prices. For
each run a line goes out: the seconds for a unit of cost, null where nothing was asked.

Seconds are those of the processor, of all threads: on a busy machine the wall clock counts those of others, too. Every
version of `bench` reads `time.perf_counter`, so another clock takes its place before `bench` is imported.
"""

import importlib
import json
import os
import sys
import time

REPEATS = 3  # the first of which warms up
FINE = 1e-6  # seconds: what a clock must tell apart, to time single answers


def main() -> None:
    """Import, then run and answer until the input ends."""
    if time.get_clock_info("process_time").resolution <= FINE:
        time.perf_counter = time.process_time

    import bench

    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what methods print goes elsewhere
    for module in json.loads(sys.stdin.readline()):
        importlib.import_module(module)
    for line in sys.stdin:
        run = json.loads(line)
        objective = bench.make(run["problem"], instance=run["instance"], **run["parameters"])
        options = {name: run[name] for name in ("budget", "seed", "gap", "prices")}
        paces = []
        for _ in range(REPEATS):
            record = bench.minimize(objective, run["optimizer"], **options)
            cost = sum(run["prices"].get(question, 0) * count for question, count in record.counts.items())
            if cost:
                paces.append(record.outside * objective.rows / cost)
        answers.write(json.dumps(min(paces, default=None)) + "\n")


if __name__ == "__main__":
    main()
