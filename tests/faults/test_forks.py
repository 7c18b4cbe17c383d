"""A copy of the process that a method forks does nobody's runs."""

import subprocess
import sys

PROGRAM = """
import os
from bench import make
from bench.core import registry
from bench.runner.single import open_oracle, play
from bench.runner import PACKAGES

registry.load(PACKAGES)
first = os.getpid()


def forking(oracle):
    os.write(2, b"%d\\n" % os.getpid())
    oracle.value(oracle.x0)
    if os.getpid() == first and oracle.spent < 3:
        os.fork()


objective = make("rosenbrock")
oracle = open_oracle(objective, registry.find_optimizer("random-search"), 10, 0, gap=0.0)
play(oracle, forking, {}, True)
print("ended", oracle.counts["value"], flush=True)
"""


def test_a_copy_that_returns_ends_there():
    """Begun again, as a method is that returns early, it would ask until its budget ends, and fork if it may."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["ended", "10"], done.stderr
    assert len(set(done.stderr.split())) == 1  # no copy begins again
