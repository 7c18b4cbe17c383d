"""What optimizers take of memory: the state that they hold between two questions, and the peak of their process."""

from bench.core.books import LARGE, MEASURED
from bench.core.status import statuses
from bench.measure.frames import CELL, Column, Frame


def memory(runs: Frame) -> Frame:
    """The memory of each optimizer on each problem and dim, medians over runs that measured it.

    runs: complete ones. Columns problem, dim, optimizer, order, runs, state_bytes (of one run, also where runs went in
    lanes), bytes_a_coordinate (state_bytes / dim: 8 of Adam in single precision, 0 of gradient descent), peak_memory
    (bytes of the process, or of CUDA's allocator; of runs that were alone, else NaN). Those with the least state first.
    """
    columns = [*CELL, "optimizer", "order", "runs", "state_bytes", "bytes_a_coordinate", "peak_memory"]
    if "state_bytes" not in runs:  # frames made by hand
        return runs.head(0).reindex(columns=columns)
    groups = runs[measured(runs)].groupby([*CELL, "optimizer"])
    frame = groups[["order", "state_bytes", "peak_memory"]].median().assign(runs=groups.size()).reset_index()
    frame = frame.assign(bytes_a_coordinate=frame.state_bytes / frame.dim)
    return frame.sort_values([*CELL, "state_bytes", "optimizer"], kind="stable", ignore_index=True)[columns]


def unmeasured(runs: Frame) -> Frame:
    """The runs of large problems that `memory` leaves out: columns optimizer, status, runs, of (all its runs there).

    runs: complete ones, as there. Those that were left out by a race are nobody's lack. A status that is no trouble is
    that of a run whose memory was not measured, as of one that ended elsewhere or was stored before that was done;
    of runs alone that is done in the first seeds, and no lack in others.
    """
    planned = runs[(runs.dim >= LARGE) & ~runs.status.isin(statuses("absent"))]
    if "state_bytes" not in runs:
        return planned.head(0).reindex(columns=["optimizer", "status", "runs", "of"])
    counted = planned.assign(of=planned.groupby("optimizer").status.transform("size"))
    of_others = (counted.seed >= MEASURED) & (counted.lanes == 0) & counted.status.isin(statuses("recorded"))
    lacking = counted[~(measured(counted) | of_others)]
    return lacking.groupby(["optimizer", "status"]).of.agg(runs="size", of="first").reset_index()


def measured(runs: Frame) -> Column:
    """Whether the memory of each run is known."""
    known: Column = runs.status.isin(statuses("recorded")) & runs.state_bytes.notna()
    return known


def large(table: Frame) -> Frame:
    """The rows of `memory` of problems with so many coordinates that memory decides."""
    rows: Frame = table[table.dim >= LARGE].reset_index(drop=True)
    return rows
