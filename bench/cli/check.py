"""`check`: whether optimizers got worse from one version to the next."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from bench.cli.app import INTERRUPTED, TROUBLE, Imports, app, err, explained, headed, out, uncrashed
from bench.cli.launching import Workers
from bench.core.files import write_text

if TYPE_CHECKING:
    from bench.track.check import Check


@app.command()
def check(
    base: Annotated[str, typer.Argument(metavar="BASE|SUITE", help="Results to compare with; with --at, a suite.")],
    new: Annotated[str | None, typer.Argument(metavar="NEW", help="Results of the new version.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="REV", help="Run the suite at this revision of git, and as it stands here.")
    ] = None,
    time: Annotated[
        bool, typer.Option("--time", help="With --at: time both versions side by side, in processes that take turns.")
    ] = False,
    worse: Annotated[str, typer.Option(metavar="PERCENT", help="What ratio is worth a flag, beyond 1.")] = "10%",
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it for a pull request.")] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it for programs.")] = None,
    no_report: Annotated[bool, typer.Option("--no-report", help="Write no page.")] = False,
    workers: Workers = None,
    imports: Imports = None,
) -> None:
    """Did any optimizer get worse? Exit status: 0 no; 1 yes; 2 the two cannot be compared; 130, 143, 129 stopped."""
    with uncrashed(), explained(), stopped():
        from bench import api
        from bench.interchange.files import check_file, check_writable
        from bench.track.check import check, fraction

        limit = fraction(worse)
        if (at is None) == (new is None):
            raise ValueError("give two results, BASE and NEW, or a suite and --at REV")
        if time and at is None:
            raise ValueError(
                "--time runs both versions in turns, which stored results cannot: give a suite and --at REV"
            )
        files = [(markdown, "Markdown", "to_markdown"), (json, "JSON", "to_json")]
        files = [(check_file(file, what), form) for file, what, form in files if file is not None]
        if not no_report:
            check_writable(api.REPORTS)
        if at is None:
            result = check(api.load(base, imports or ()), api.load(new or "", imports or ()), limit)
        else:
            from bench.track.revision import versions_of
            from bench.track.seconds import timed

            check_writable(api.RESULTS)
            with versions_of(base, at, workers, imports or (), err.print) as ((base, new), sides):
                timing = partial(timed, sides=sides, imports=imports or ()) if time else None
                result = check(api.load(base, imports or ()), api.load(new, imports or ()), limit, timing=timing)
        show(result)
        for file, form in files:
            write_text(file, getattr(result, form)())
        if not no_report:
            from bench.report.regressions import write_check

            page = write_check(result, api.REPORTS / f"{Path(new or '').name}-over-{Path(base).name}")
            out.print(f"Report: {escape(str(page))}", soft_wrap=True)
    raise typer.Exit(TROUBLE if result.worse else 0)


def show(result: "Check") -> None:
    """Print it all."""
    from bench.track.check import TIMED_WORDS, WORST, ratio

    table = headed(escape(result.sentence), "optimizer", *result.headings)
    for row in result.rows():
        table.add_row(*map(escape, row))
    out.print(table)
    for optimizer in result.regressions.optimizer:
        for row in result.problems(optimizer).head(WORST).itertuples():
            values = ratio(row.ratio, row.low, row.high)
            where = f"{optimizer} on {row.problem}, dim {row.dim:g}"
            out.print(escape(f"{where}: {TIMED_WORDS[row.measure]} {values}"))
    for sentence in result.left_sentences:
        out.print(escape(sentence))
    for name, old, now in result.versions:
        out.print(escape(f"{name}: {old} -> {now}"))
    for name in result.code:
        out.print(escape(f"The code of {name} has changed."))
    out.print(escape(result.caption))


@contextmanager
def stopped() -> Iterator[None]:
    """Who stops it is told so; the exit status is one of its own, as 1 would say that something got worse."""
    try:
        yield
    except KeyboardInterrupt:
        err.print("Stopped: nothing was compared, and nothing is left.")
        raise typer.Exit(INTERRUPTED) from None
