"""Stored runs in the formats of others."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from bench.interchange.csv import save_csv

if TYPE_CHECKING:
    from bench.results.stored import Results


@dataclass(frozen=True)
class Exported:
    """What was written, files or in the formats of other suites a folder an optimizer, and in words what was not."""

    paths: list[Path]
    left_out: list[str]


@dataclass(frozen=True)
class Format:
    """What a format holds, in words, and the function that writes results in it to a folder; a new one: `FORMATS`."""

    words: str
    write: Callable[["Results", Path], Exported]


def export(results: "Results", form: str, folder: Path) -> Exported:
    """Write results to a new folder in one of `FORMATS`, all or nothing.

    Raises ValueError for another format, for a folder that holds something already or whose parent is not there, and
    where nothing can be written.
    """
    from bench.core.files import new_folder
    from bench.interchange.files import check_output

    if form not in FORMATS:
        raise ValueError(f"format must be one of {', '.join(FORMATS)}, got {form!r}")
    with new_folder(check_output(folder, "export")) as draft:
        written = FORMATS[form].write(results, draft)
        if not written.paths:
            left_out = "; ".join(written.left_out)
            raise ValueError(f"{results.name} has nothing that can be written as {form}; left out: {left_out}")
        return Exported([folder / path.relative_to(draft) for path in written.paths], written.left_out)


def _tables(results: "Results", folder: Path, extension: str) -> Exported:
    frames = {"runs": results.runs, "trajectories": results.trajectories, "ert": results.ert()}
    paths = [folder / f"{name}.{extension}" for name in frames]
    for frame, path in zip(frames.values(), paths, strict=True):
        if extension == "csv":
            save_csv(frame, path)
        else:
            frame.to_parquet(path, index=False)
    return Exported(paths, [])


def _coco(results: "Results", folder: Path) -> Exported:
    from bench.interchange import coco
    from bench.interchange.trajectories import in_words, trajectories

    runs, left_out = trajectories(results)
    unknown = sorted({run.problem for run in runs if run.suite not in coco.SUITES})
    if unknown:
        left_out.append(f"{', '.join(unknown)}: cocopp knows the functions of {', '.join(coco.SUITES)} alone")
    runs = [run for run in runs if run.suite in coco.SUITES and isfinite(run.f_opt)]
    return Exported(coco.write(runs, folder, in_words(results.prices)), left_out)


def _ioh(results: "Results", folder: Path) -> Exported:
    from bench.interchange import ioh
    from bench.interchange.trajectories import in_words, trajectories

    runs, left_out = trajectories(results)
    return Exported(ioh.write(runs, folder, in_words(results.prices)), left_out)


FORMATS = {
    "csv": Format("tables of runs, trajectories and expected runtimes", partial(_tables, extension="csv")),
    "parquet": Format("the same tables", partial(_tables, extension="parquet")),
    "coco": Format("what cocopp reads, of problems that COCO has too", _coco),
    "ioh": Format("what IOHanalyzer reads", _ioh),
}
