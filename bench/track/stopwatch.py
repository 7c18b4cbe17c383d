"""A program of its own: the seconds that methods take for themselves in some runs, each the least of several.

It imports nothing but the public names of `bench`, so that it times whatever version it finds, older ones too. Standard
input, as JSON: imports, and runs of optimizer, problem, parameters, instance, seed, budget, gap, prices. The last line
that it prints, as JSON: for each run the seconds for a unit of cost; null where nothing was asked.
"""

import importlib
import json
import sys

REPEATS = 4  # the first of which warms up


def main() -> None:
    """Read, run, print."""
    import bench

    work = json.load(sys.stdin)
    for module in work["imports"]:
        importlib.import_module(module)
    seconds = []
    for run in work["runs"]:
        objective = bench.make(run["problem"], instance=run["instance"], **run["parameters"])
        options = {name: run[name] for name in ("budget", "seed", "gap", "prices")}
        paces = []
        for _ in range(REPEATS):
            record = bench.minimize(objective, run["optimizer"], **options)
            cost = sum(run["prices"].get(question, 0) * count for question, count in record.counts.items())
            if cost:
                paces.append(record.outside * objective.rows / cost)
        seconds.append(min(paces, default=None))
    print()  # what a method prints may not end its line
    print(json.dumps(seconds))


if __name__ == "__main__":
    main()
