"""Imported last by the server from which run processes are forked, when it has all that they need."""

import gc

from bench.runner import orphans

orphans.guard()
gc.freeze()  # what is there stays: no child looks at it again, which would copy its memory
