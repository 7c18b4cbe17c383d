"""What regression tracking says of planted regressions: `python tests/track/planted.py [NAME...]`, all or those named.

In a temporary clone of this repository, one after the other: the momentum of heavy ball 0.9 -> 0.8, its step times 0.3,
a step that takes twice as long, and two milliseconds of sleep before each. Prints what `python -m bench check tracked
--at HEAD` says before and after each, with `--time` where seconds have changed, and what the pytest plugin does, in the
convergence part of `make benchmark`. Exit status: 0 where all are found, and nothing is before.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
DESCENT, RULES = "optimizers/gradient_descent.py", "optimizers/torch_rules.py"
RATE, STEP = "        rate = rates * factor(k)\n", "        x.add_(step.mul_(rate))\n\n\ndef whole"
CLOCK = "__import__('time').process_time()"
PLANTED = {  # name: file, texts and their replacements, and which of `commands` must find it
    "nothing": (RULES, {}, ()),
    "momentum 0.9 to 0.8": (
        DESCENT,
        {
            "def heavy_ball(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.9":
            "def heavy_ball(oracle: Oracle, *, lr: Rate = 1e-3, momentum: Momentum = 0.8"
        },
        ("check", "benchmark"),
    ),
    "the step times 0.3": (
        RULES,
        {"step.grad = batch.gradient(x)": "step.grad = 0.3 * batch.gradient(x)"},
        ("check", "benchmark"),
    ),
    "a method twice as slow": (
        RULES,
        {
            "        step.zero_()\n": f"        began = {CLOCK}\n        step.zero_()\n",
            STEP: STEP.replace("\n\n\n", f"\n        ended = {CLOCK}\n"
                               f"        while {CLOCK} < 2 * ended - began:\n            pass\n\n\n"),
        },
        ("check --time",),  # less than three times as slow, which a benchmark of pytest must not take for a change
    ),
    "2 ms of sleep before each step": (
        RULES,
        {RATE: f"        __import__('time').sleep(2e-3)\n{RATE}"},
        ("benchmark",),  # `check` without --time compares what was reached
    ),
}  # fmt: skip


def main(names: Sequence[str] = ()) -> int:
    """Plant all of these, or of PLANTED, print, and answer whether all was as it should be."""
    as_said = True
    with tempfile.TemporaryDirectory(prefix="fogbench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        for name in names or PLANTED:
            file, replacements, finders = PLANTED[name]
            source = (clone / file).read_text()
            (clone / file).write_text(planted(source, replacements))
            for finder, command in commands().items():
                if finder == "check --time" and name not in ("nothing", "a method twice as slow"):
                    continue  # minutes
                done = run(command, clone)
                found = done.returncode == 1
                as_said &= found == (finder in finders) and done.returncode in (0, 1)
                print(f"{name}: {finder} says {'worse' if found else 'not worse'} (exit status {done.returncode})")
                for line in lines(done.stdout + done.stderr):
                    print(f"    {line}", flush=True)
            (clone / file).write_text(source)
    return 0 if as_said else 1


def planted(source: str, replacements: Mapping[str, str]) -> str:
    """A source with these texts replaced, each of which it must hold."""
    for text, replacement in replacements.items():
        if text not in source:
            raise ValueError(f"the source has changed: {text!r} is not in it")
        source = source.replace(text, replacement, 1)
    return source


def commands() -> dict[str, list[str]]:
    """The commands, as the Makefile and reports/regressions.md have them."""
    test = [
        "tests/benchmarks/test_convergence.py",
        "--benchmark-storage=tests/benchmarks/baseline",
        "--benchmark-compare",
    ]
    check = ["bench", "check", "tracked", "--at", "HEAD"]
    return {
        "check": check,
        "check --time": [*check, "--time"],
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
    sys.exit(main(sys.argv[1:]))
