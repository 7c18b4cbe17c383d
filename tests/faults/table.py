"""The table of faults in results/README.md."""

from pathlib import Path

from tests.faults import hostile  # noqa: F401  # which registers its faults, too
from tests.faults.injected import FAULTS, MODULES, NAMES, Outcome

__all__ = ["FAULTS", "MODULES", "NAMES", "documented", "row", "store"]

README = Path(__file__).parents[2] / "results" / "README.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
HEAD = (
    "| fault | injected | runs lost | doubled | silent | tracebacks | s to recover |\n"
    "| --- | --- | --- | --- | --- | --- | --- |"
)


def row(name: str, outcome: Outcome) -> str:
    """A fault in Markdown."""
    counts = (outcome.injected, outcome.lost, outcome.doubled, outcome.silent, outcome.tracebacks)
    return f"| {name} | {' | '.join(f'{count:,}' for count in counts)} | {outcome.seconds:.1f} |"


def store(row: str) -> None:
    """Put a row between the markers, in place of the earlier one of its fault."""
    rows = {cells[0]: f"| {' | '.join(cells)} |" for cells in documented()}
    rows |= {_cells(row)[0]: row}
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    assert after, f"{README} has no markers"
    text = "\n".join([HEAD, *(rows[name] for name in FAULTS if name in rows)])
    README.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("|").split("|")]


def documented() -> list[list[str]]:
    """The cells of its rows."""
    _, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    return [_cells(line) for line in rest.partition(END)[0].splitlines() if line.startswith("|")][2:]
