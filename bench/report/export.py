"""Stored runs in the formats of others."""

from pathlib import Path
from typing import TYPE_CHECKING

from bench.report.tables import save_csv

if TYPE_CHECKING:
    from bench.measure.results import Results

FORMATS = ("csv",)


def export(results: "Results", form: str, folder: Path) -> list[Path]:
    """Write results to a new folder; answers with the files.

    csv: runs.csv (one row a run), trajectories.csv (one row an event) and ert.csv. Raises ValueError for another
    format, and for a folder that holds something already.
    """
    if form not in FORMATS:
        raise ValueError(f"format must be {' or '.join(FORMATS)}, got {form!r}")
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise ValueError(f"{folder} is there already, and nothing is written over: choose another folder with --out")
    folder.mkdir(parents=True, exist_ok=True)
    frames = {"runs": results.runs, "trajectories": results.trajectories, "ert": results.ert()}
    for name, frame in frames.items():
        save_csv(frame, folder / f"{name}.csv")
    return [folder / f"{name}.csv" for name in frames]
