"""Stored runs in the formats of others."""

from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from bench.interchange.csv import save_csv

if TYPE_CHECKING:
    from bench.results.stored import Results

FORMATS = ("csv", "parquet", "coco", "ioh")


@dataclass(frozen=True)
class Exported:
    """What was written, files or in the formats of other suites a folder an optimizer, and in words what was not."""

    paths: list[Path]
    left_out: list[str]


def export(results: "Results", form: str, folder: Path) -> Exported:
    """Write results to a new folder, all or nothing.

    csv, parquet: runs (one row a run), trajectories (one row an event) and ert. coco: what cocopp reads, of problems
    that COCO has too. ioh: what IOHanalyzer reads. An evaluation in these is a cost of 1 in the prices of the suite.
    Raises ValueError for another format, for a folder that holds something already, and where nothing can be written.
    """
    from bench.interchange.files import new_folder

    if form not in FORMATS:
        raise ValueError(f"format must be {', '.join(FORMATS[:-1])} or {FORMATS[-1]}, got {form!r}")
    with new_folder(folder) as draft:
        done = _tables(results, form, draft) if form in ("csv", "parquet") else _courses(results, form, draft)
        return Exported([folder / path.relative_to(draft) for path in done.paths], done.left_out)


def _tables(results: "Results", form: str, folder: Path) -> Exported:
    frames = {"runs": results.runs, "trajectories": results.trajectories, "ert": results.ert()}
    paths = {name: folder / f"{name}.{form}" for name in frames}
    for name, frame in frames.items():
        save_csv(frame, paths[name]) if form == "csv" else frame.to_parquet(paths[name], index=False)
    return Exported(list(paths.values()), [])


def _courses(results: "Results", form: str, folder: Path) -> Exported:
    from bench.interchange import coco, ioh
    from bench.interchange.trajectories import courses

    found, left_out = courses(results)
    if form == "coco":
        others = sorted({course.problem for course in found if course.suite not in coco.SUITES})
        found = [course for course in found if course.suite in coco.SUITES and isfinite(course.f_opt)]
        if others:
            left_out.append(f"{', '.join(others)}: cocopp knows the functions of {', '.join(coco.SUITES)} alone")
    if not found:
        raise ValueError(f"{results.name} has nothing that can be written as {form}; left out: {'; '.join(left_out)}")
    prices = ", ".join(f"{kind} {price:g}" for kind, price in results.prices.items())
    return Exported((coco if form == "coco" else ioh).write(found, folder, prices), left_out)
