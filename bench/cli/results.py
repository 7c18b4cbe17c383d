"""`results`: what lies under results/, and its removal."""

import sys
from typing import Annotated

import typer
from rich.markup import escape

from bench.cli.app import app, explained, headed, out


def asks() -> bool:
    """Whether somebody can answer."""
    return sys.stdin.isatty()


@app.command()
def results(
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="NAME", help="Remove these results, after asking; repeatable."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="With --remove: do not ask.")] = False,
) -> None:
    """List the results that are stored, with runs, size and age; or remove some."""
    with explained():
        from bench import api
        from bench.measure import words
        from bench.results.folders import check_removable, folders
        from bench.results.folders import remove as remove_folder

        if not remove:
            if yes:
                raise ValueError("--yes goes with --remove NAME")
            stored = folders(api.RESULTS)
            table = headed(
                f"Results in {escape(str(api.RESULTS))}", "name", "runs", "failed", "size", "age", "suite", ""
            )
            for column in table.columns[:5]:
                column.no_wrap = True
            for folder in stored:
                runs = f"{folder.there:,} of {folder.planned:,}"
                age, size = words.duration(folder.age), words.size(folder.size)
                cells = (folder.name, runs, f"{folder.failed:,}" if folder.failed else "", size, age, folder.suite)
                table.add_row(*map(escape, (*cells, folder.state)))
            out.print(table if stored else f"There are no results in {escape(str(api.RESULTS))}.")
            for error in (folder.error for folder in stored if folder.error):
                out.print(escape(error), soft_wrap=True)
            return
        paths = [check_removable(api.RESULTS, name) for name in dict.fromkeys(remove)]
        if not yes and not asks():
            raise ValueError("--remove asks before it removes, and there is no terminal: say --yes")
        sizes = {folder.name: folder for folder in folders(api.RESULTS)}
        for path in paths:
            folder = sizes[path.name]
            what = f"{path}: {words.counted(folder.there, 'run')}, {words.size(folder.size)}"
            if not yes and not typer.confirm(f"Remove {what}?"):
                out.print(f"{escape(str(path))} stays.", soft_wrap=True)
                continue
            files, size, kept = remove_folder(path)
            removed = f"{words.counted(files, 'file')}, {words.size(size)}"
            out.print(f"Removed {escape(str(path))}: {removed}.", soft_wrap=True)
            if kept:
                out.print(f"Not of Fogbench, and still there: {escape(words.listed(kept, 10))}.", soft_wrap=True)
            if (report := api.REPORTS / path.name).exists():
                out.print(f"Its report stays: {escape(str(report))}.", soft_wrap=True)
