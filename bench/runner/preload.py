"""Imported once by the server from which run processes are forked, before `Launch.preload`, so that each starts in
milliseconds."""

import os
import signal

from bench.runner import ONE_THREAD, PACKAGES, orphans

orphans.serve()

# a Ctrl-C is for the coordinator, which ends the children
signal.signal(signal.SIGINT, signal.SIG_IGN)

os.environ.update(ONE_THREAD)

import cloudpickle  # noqa: E402, F401  # which unpacks a caller's own definitions

import bench.runner.execute  # noqa: E402, F401  # what each child runs: importing it takes six times as long as a fork
from bench.core.registry import load  # noqa: E402

load(PACKAGES)
