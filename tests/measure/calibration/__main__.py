"""Every interval and every claim, measured where the truth is known: `make calibration`.

Runs the scenarios over their whole grid, one after the other. The rows of each replace those in reports/calibration.csv
as soon as they are there, and the worst of each group those between the markers of reports/README.md. With another
number of experiments nothing is written. Exit status: 0 where every row holds, else 1.
"""

import argparse
import time

from tests.measure.calibration.table import EXPERIMENTS, SCENARIOS, measured, store, text


def main() -> int:
    """0 where every row holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(SCENARIOS), action="append", help="a claim; repeatable")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help=f"in a cell (default: {EXPERIMENTS})")
    options = parser.parse_args()
    tables = []
    for name in options.only or SCENARIOS:
        begin = time.process_time()
        tables.append(measured(name, options.experiments))
        failed, seconds = (~tables[-1].holds).sum(), time.process_time() - begin
        print(f"{name}: {len(tables[-1])} rows, {failed} do not hold, {seconds:.0f} s of CPU", flush=True)
        if options.experiments == EXPERIMENTS:
            store(tables[-1])
    print(text(tables))
    return int(not all(table.holds.all() for table in tables))


raise SystemExit(main())
