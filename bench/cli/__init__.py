"""The command line: parses, calls, prints; a command is a file that registers itself when it is imported here.

What a command imports at the top is light, so that help and lists come at once.
"""

import gc
import warnings
from importlib import import_module

from bench.cli.app import app
from bench.cli.stopping import stoppable
from bench.core.shown import printable

for _command in (
    "run",
    "tune",
    "watch",
    "report",
    "list_",
    "show",
    "check",
    "history",
    "export",
    "import_",
    "merge",
    "verify",
    "results",
    "doctor",
):  # as --help shows them
    import_module(f"bench.cli.{_command}")


GARBAGE = 50_000  # objects made and kept before garbage is looked for: rows by the thousand are none


def main() -> None:
    """The entry point of `python -m bench` and `fogbench`."""
    gc.set_threshold(GARBAGE)
    usual = warnings.formatwarning
    warnings.formatwarning = lambda message, category, *where: (
        printable(f"Note: {message}\n")
        if category is FutureWarning or category.__module__.startswith("bench.")
        else usual(message, category, *where)
    )
    stoppable(lambda: app(prog_name="python -m bench"))
