"""The memory of optimizers, as a figure and as a section of the page."""

from typing import Any

from bench.measure import words
from bench.measure.frames import CELL, Frame
from bench.measure.memory import large, memory, unmeasured
from bench.measure.words import cell_name, number
from bench.report.panels import Figure, Rows

Source = Any  # `bench.report.figures.Source`, and `bench.report.measured.Report`, which import this
Report = Any

UNITS = ("B", "kB", "MB", "GB", "TB")


def memory_figure(source: Source) -> Figure:
    """Bytes of state a coordinate, a panel for each problem and dim that is large."""
    frame = large(memory(source.runs))
    lacking = left_out(source.runs)
    return Figure(
        name="memory",
        title="Memory of optimizers",
        note=f"{words.MEMORY} Numbers in single precision take 4 bytes, in double 8.{lacking}",
        facts=f"{source.facts(aims=False)}{lacking}",
        frame=source.with_family(frame),
        panel=Rows(source.styles, {"bytes_a_coordinate": "state"}, "bytes of state a coordinate"),
        by=tuple(CELL),
    )


def shown(report: Report) -> list[dict[str, Any]]:
    """What the page has of memory: problems of name, family (its place) and rows of optimizer, style, place, state,
    a_coordinate, peak; nothing where no large problem was measured."""
    table: Any = large(report.tables["memory"])
    there = dict(list(table.groupby(CELL, sort=False)))
    problems = []
    for cell, family in zip(report.cells, report.family_places, strict=True):
        if cell not in there:
            continue
        rows = [
            {
                "optimizer": row.optimizer,
                "style": report.styles[row.optimizer],
                "place": report.place(row.optimizer),
                "state": size(row.state_bytes),
                "a_coordinate": number(row.bytes_a_coordinate),
                "peak": size(row.peak_memory),
            }
            for row in there[cell].itertuples()
        ]
        problems.append({"name": cell_name(*cell), "family": family, "rows": rows})
    return problems


def left_out(runs: Frame) -> str:
    """Whose memory is not known, and why, behind other sentences. runs: complete ones."""
    return words.unmeasured(unmeasured(runs).itertuples())


def size(count: float) -> str:
    """A number of bytes, as 4.1 MB; "" where it is not known."""
    if count != count:
        return ""
    unit = 0
    while count >= 1000 and unit < len(UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.3g} {UNITS[unit]}"


def tables(runs: Frame) -> dict[str, Frame]:
    """The tables of a report that are of memory, by the names of their CSV."""
    frame = memory(runs)
    return {"memory": frame} if len(frame) else {}
