"""Every interval and every claim, measured where the truth is known: `make calibration`.

Runs the scenarios over their whole grid, writes all rows to reports/calibration.csv, and the worst of each group
between the markers of reports/README.md. With --only NAME it prints the rows of one scenario and writes nothing.
"""

import argparse
import time

from tests.measure.calibration.table import EXPERIMENTS, SCENARIOS, measured, text, write


def main() -> int:
    """0 where every row holds, else 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=list(SCENARIOS), help="one scenario, which is printed")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS, help=f"in a cell (default: {EXPERIMENTS})")
    options = parser.parse_args()
    tables = []
    for name in [options.only] if options.only else SCENARIOS:
        begin = time.perf_counter()
        tables.append(measured(name, options.experiments))
        failed = (~tables[-1].holds).sum()
        print(f"{name}: {len(tables[-1])} rows, {failed} do not hold, {time.perf_counter() - begin:.0f} s", flush=True)
    if options.only:
        print(tables[0].to_string())
    else:
        write(tables)
        print(text(tables))
    return int(not all(table.holds.all() for table in tables))


raise SystemExit(main())
