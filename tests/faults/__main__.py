"""All faults that the project injects into itself, in their large size: `make faults`.

Prints a table, and writes each of its rows between the markers of results/README.md as soon as it is there. Exit
status: 0 where nothing was lost, doubled, silent or a traceback, else 1.
"""

import argparse
import os
import resource
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np

from bench.core import registry
from bench.runner import PACKAGES
from tests.faults.table import FAULTS, MODULES, NAMES, row, store


def main() -> int:
    """0 where all went well, else 1."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", help="faults whose name contains this; repeatable")
    parser.add_argument("--small", action="store_true", help="as few as in `make test`; nothing is written")
    options = parser.parse_args()
    resource.setrlimit(resource.RLIMIT_NPROC, (4000, resource.getrlimit(resource.RLIMIT_NPROC)[1]))
    sys.path.insert(0, str(MODULES))
    os.environ["PYTHONPATH"] = os.pathsep.join([str(MODULES), str(Path.cwd())])
    registry.load(PACKAGES, NAMES)
    rows, failed = [], []
    for name, fault in FAULTS.items():
        if options.only and not any(text in name for text in options.only):
            continue
        began = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            number = fault.small if options.small else fault.large
            outcome = fault.inject(Path(folder), number, np.random.default_rng(zlib.crc32(name.encode())))
        rows.append(row(name, outcome))
        print(f"{rows[-1]}  {time.monotonic() - began:.0f} s", flush=True)
        if not options.small:
            store(rows[-1])
        if not outcome.clean:
            failed.append(name)
            print(*(f"    {note}" for note in outcome.notes[:20]), sep="\n", flush=True)
    print(
        f"{len(failed)} of {len(rows)} faults did harm: {'; '.join(failed)}"
        if failed
        else f"{len(rows)} faults, no harm"
    )
    return int(bool(failed))


raise SystemExit(main())
