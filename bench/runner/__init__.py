"""From a suite to stored records: plan, run, store."""

from bench.core.packages import PACKAGES as PACKAGES  # what core.registry.load imports beside plugins

# environment, before libraries are imported: one thread a process, so that runs neither disturb each other nor differ
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
