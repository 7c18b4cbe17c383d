"""What regression tracking says of three planted regressions: `python tests/track/planted.py`.

In a temporary clone of this repository, one after the other: the momentum of heavy ball 0.9 -> 0.8, its step times 0.3,
and two milliseconds of sleep before each of its steps. Prints what `python -m bench check tracked --at HEAD` and the
convergence part of `make benchmark` say before and after each. Exit status: 0 where all are found, and nothing is
before.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESCENT, RULES = "optimizers/gradient_descent.py", "optimizers/torch_rules.py"
PLANTED = {  # name: file, text, its replacement, and which of `check` and `make benchmark` must find it
    "nothing": (RULES, "", "", ()),
    "momentum 0.9 to 0.8": (
        DESCENT,
        "def heavy_ball(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.9",
        "def heavy_ball(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.8",
        ("check", "benchmark"),
    ),
    "the step times 0.3": (
        RULES,
        "step.grad = batch.gradient(x)",
        "step.grad = 0.3 * batch.gradient(x)",
        ("check", "benchmark"),
    ),
    "2 ms of sleep before each step": (
        RULES,
        "        method.step()\n        rate",
        "        __import__('time').sleep(2e-3)\n        method.step()\n        rate",
        ("benchmark",),  # `check` compares what was reached, not seconds
    ),
}


def main() -> int:
    """Plant, print, and answer whether all was as it should be."""
    as_said = True
    with tempfile.TemporaryDirectory(prefix="fogbench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for name, (file, text, replacement, finders) in PLANTED.items():
            source = (clone / file).read_text()
            assert text in source, f"{file} has changed: {text!r} is not in it"
            (clone / file).write_text(source.replace(text, replacement) if text else source)
            for finder, command in commands().items():
                done = run(command, clone)
                found = done.returncode == 1
                as_said &= found == (finder in finders) and done.returncode in (0, 1)
                print(f"{name}: {finder} says {'worse' if found else 'not worse'} (exit status {done.returncode})")
                for line in lines(done.stdout + done.stderr):
                    print(f"    {line}")
            (clone / file).write_text(source)
    return 0 if as_said else 1


def commands() -> dict[str, list[str]]:
    """The two commands, as the Makefile and the README have them."""
    test = [
        "tests/benchmarks/test_convergence.py",
        "--benchmark-storage=tests/benchmarks/baseline",
        "--benchmark-compare",
    ]
    return {
        "check": ["bench", "check", "tracked", "--at", "HEAD"],
        "benchmark": ["pytest", "-q", "-k", "heavy-ball", "--benchmark-only", *test],
    }


def run(command: list[str], clone: Path) -> "subprocess.CompletedProcess[str]":
    """A module of Python in the clone, whose own code comes first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment = {**kept, "PYTHONPATH": str(clone)}
    return subprocess.run([sys.executable, "-m", *command], cwd=clone, env=environment, capture_output=True, text=True)


def lines(output: str) -> list[str]:
    """What is said of optimizers, in few lines."""
    words = (" over tracked-", " got worse", " got slower", " on ", "has changed", "Error")
    return [line.strip() for line in output.splitlines() if any(word in line for word in words)][:9]


if __name__ == "__main__":
    sys.exit(main())
