"""What differs on other systems than Linux, where everything is tried: known from what the code calls, and from what
Python says of these systems; nobody has run it there. SYSTEMS.md has the same table."""

import sys
from dataclasses import dataclass

TRIED = "Linux"
NAMES = {"linux": TRIED, "darwin": "macOS", "win32": "Windows"}  # by sys.platform


@dataclass(frozen=True)
class Difference:
    """Of one subject, what holds on each system."""

    subject: str
    linux: str
    macos: str
    windows: str

    def here(self) -> str:
        """What holds on this system; as on macOS where it is another of that kind."""
        return {TRIED: self.linux, "Windows": self.windows}.get(system(), self.macos)


DIFFERENCES = (
    Difference(
        "processes of runs",
        "copies of a server that has imported all (`forkserver`), in milliseconds",
        "new interpreters (`spawn`), in a second or more each, as libraries of the system need not survive a fork; "
        "`FOGBENCH_START=forkserver` tries it",
        "new interpreters (`spawn`), in a second or more each",
    ),
    Difference(
        "the coordinator is killed",
        "the kernel ends its processes at once (`prctl`)",
        "a process ends when its pipe has no reader, and not while it is busy in C",
        "a process ends when its coordinator has, and not while it is busy in C",
    ),
    Difference(
        "helper processes of a method",
        "end with their run (a subreaper; with `FOGBENCH_START=spawn` as on macOS)",
        "end with their run, unless they lead a session of their own and the run ends by itself",
        "end where their run is ended; where it ends by itself they live on",
    ),
    Difference(
        "requests to end",
        "Ctrl-C, SIGTERM and SIGHUP: exit status 130, 143, 129",
        "as on Linux",
        "Ctrl-C alone, which may print a traceback of a process that just begins; all else ends it without a word, and "
        "what was stored stays",
    ),
    Difference(
        "one command at a time in a folder",
        "`flock` on its file `lock`",
        "as on Linux",
        "the first byte of `lock` is locked (`msvcrt`); that it is no link is looked at before it is opened, not then",
    ),
    Difference(
        "memory of runs",
        "limited; its peak is stored",
        "limited, looked at by psutil; no peak is stored",
        "limited, looked at by psutil; no peak is stored",
    ),
    Difference(
        "what a method leaves changed",
        "is given back or noticed",
        "descriptors left open and memory kept are not noticed",
        "descriptors left open and memory kept are not noticed",
    ),
    Difference(
        "files that are open elsewhere",
        "are replaced",
        "as on Linux",
        "are not: a table that a spreadsheet has open is an error when its report is written, and nothing is lost",
    ),
    Difference(
        "`run --with`",
        "goes on in the same process",
        "as on Linux",
        "goes on in a second process, for which the first waits",
    ),
    Difference("workers by default", "the cores that the process may use", "all cores", "all cores"),
    Difference(
        "libraries",
        "all",
        "torch has wheels for Apple silicon alone; no GPU is used",
        "torch's wheels on PyPI use no GPU",
    ),
    Difference(
        "commands of the project",
        "make, `.ci/run`, the scripts of examples/cluster",
        "as on Linux",
        "the commands that `make` prints, by hand; `PYTHONUTF8=1` for tables in a file",
    ),
)


def system() -> str:
    """The name of this system."""
    return NAMES.get(sys.platform, sys.platform)


def differences() -> list[str]:
    """What differs on this system, a sentence each."""
    return [] if system() == TRIED else [f"{each.subject}: {each.here()}" for each in DIFFERENCES]


def table() -> str:
    """All differences, in Markdown."""
    rows = [f"| {each.subject} | {each.linux} | {each.macos} | {each.windows} |" for each in DIFFERENCES]
    return "\n".join(["| | Linux | macOS | Windows |", "| --- | --- | --- | --- |", *rows])
