"""Imported last by the server from which run processes are forked, when it has all that they need."""

import gc
import importlib
import sys

from bench.runner import orphans

orphans.guard()
# what is imported where an array is first asked about: not in each child anew
OF_TORCH = ("array_api_compat.torch", "bench.core.modules.draws")
for name in ("array_api_compat.numpy", *(OF_TORCH if "torch" in sys.modules else ())):
    importlib.import_module(name)
gc.freeze()  # what is there stays: no child looks at it again, which would copy its memory
