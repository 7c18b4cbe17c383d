"""Imported once by the server from which run processes are forked, before `Launch.preload`, so that each starts in
milliseconds."""

import os
import signal

# a Ctrl-C is for the coordinator, which ends the children
signal.signal(signal.SIGINT, signal.SIG_IGN)

# before any of them is imported: one thread a process, so that runs neither disturb each other nor differ
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

from bench.core.registry import load  # noqa: E402
from bench.runner import PACKAGES  # noqa: E402

load(PACKAGES)
