"""What optimizers take of memory: the state that they hold between two questions, and the peak of their process."""

from bench.core.status import statuses
from bench.measure.frames import CELL, Frame
from bench.measure.levels import LARGE


def memory(runs: Frame) -> Frame:
    """The memory of each optimizer on each problem and dim, medians over runs that measured it.

    runs: complete ones. Columns problem, dim, optimizer, order, runs, state_bytes (of one run, also where runs went in
    lanes), bytes_a_coordinate (state_bytes / dim: 8 of Adam in single precision, 0 of gradient descent), peak_memory
    (bytes of the process, or of CUDA's allocator; of runs that were alone, else NaN). Those with the least state first.
    """
    columns = [*CELL, "optimizer", "order", "runs", "state_bytes", "bytes_a_coordinate", "peak_memory"]
    if "state_bytes" not in runs:  # frames made by hand
        return runs.head(0).reindex(columns=columns)
    measured = runs[runs.status.isin(statuses("recorded")) & runs.state_bytes.notna()]
    groups = measured.groupby([*CELL, "optimizer"])
    frame = groups[["order", "state_bytes", "peak_memory"]].median().assign(runs=groups.size()).reset_index()
    frame = frame.assign(bytes_a_coordinate=frame.state_bytes / frame.dim)
    return frame.sort_values([*CELL, "state_bytes", "optimizer"], kind="stable", ignore_index=True)[columns]


def large(table: Frame) -> Frame:
    """The rows of `memory` of problems with so many coordinates that memory decides, the largest first."""
    chosen: Frame = table[table.dim >= LARGE]
    return chosen.sort_values("dim", ascending=False, kind="stable", ignore_index=True)
