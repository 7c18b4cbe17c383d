"""The verdicts of the page are those of the frames, and the terminal shows the same words."""

import numpy as np
import pytest

import bench
from bench.cli.terminal import by_family, by_problem
from bench.measure import words
from bench.measure.crossing import crossings
from bench.measure.ert import ert, hardest
from bench.measure.failed import of_one_problem
from bench.measure.scaling import scaling
from bench.measure.verdicts import answer, best, budgets
from bench.report.answers import fits, verdicts
from bench.report.measured import Report


@pytest.fixture(scope="module")
def results(make_results):
    return make_results(problems=12, events=40, hostile=False)


@pytest.fixture(scope="module")
def report(results):
    return Report(results)


@pytest.fixture(scope="module")
def data(report):
    return verdicts(report)


def written(report, segments) -> str:
    """Segments as one text."""
    names = list(report.styles)
    return "".join(names[each["o"]] if isinstance(each, dict) else each for each in segments)


def test_a_cell_of_the_answer_is_its_row_of_the_frame(data, report):
    names, families = list(report.styles), report.comparison.layout.families
    looks = set()
    for view, at_price in zip(report.views, data["answers"], strict=True):
        table = view.of(answer).set_index(["budget", "family", "among"])
        for budget, page in zip(view.of(budgets), at_price, strict=True):
            of_one = of_one_problem(view, budget)
            assert [row["family"] for row in page["rows"]] == [-1, *range(len(families) - 1)]
            for row in page["rows"]:
                for among, cell in zip(("all", "0", "1", "2"), row["cells"], strict=True):
                    expected = table.loc[budget, families[row["family"]], among]
                    assert row["note"].split()[0] == str(expected.problems)
                    if not expected.optimizer:
                        assert cell == {"empty": expected.reason}
                        continue
                    assert names[cell["o"]] == expected.optimizer
                    if expected.problems == 1:
                        texts = words.best_texts(of_one[families[row["family"]], among])
                        assert "solved" not in cell and [cell["text"], cell["interval"]] == [
                            texts[0],
                            " · ".join(texts[1:]),
                        ]
                    else:
                        assert cell["solved"] == pytest.approx(expected.solved, rel=1e-3)
                        assert cell["text"] == words.percent(expected.solved)
                        assert cell["interval"] == words.percents(expected.low, expected.high)
                    looks.add(mark := (cell["mark"] or {}).get("text", "").split(" ")[0])
                    open_ = "≈" if expected.enough else "too"
                    assert mark == ("" if expected.compared < 2 else "✓" if expected.significant else open_)
                    if mark in ("≈", "too"):
                        assert expected.rivals.split("; ")[0] in cell["mark"]["hint"]
    assert {"≈", "too", "✓"} <= looks


def test_the_sentence_names_the_best_of_all_and_its_rivals(data, report):
    for view, at_price in zip(report.views, data["answers"], strict=True):
        table = view.of(answer)
        for row, page in zip(
            table[(table.family == "all") & (table["among"] == "all")].itertuples(), at_price, strict=True
        ):
            text = written(report, page["sentence"])
            assert text.startswith(f"Within {view.amount(row.budget)}")
            assert f"{row.optimizer} solves most: {words.percent(row.solved)} of the targets" in text
            assert ("significantly more than each" in text) == row.significant
            assert (words.NO_SIGNIFICANCE in text) == (not row.enough)


def test_crossings_are_in_words(data, report):
    for view, at_price in zip(report.views, data["answers"], strict=True):
        table = view.of(crossings)
        for page in at_price:
            for row, family in zip(page["rows"], ("all", *report.comparison.layout.families), strict=False):
                text = written(report, row["crossing"]).replace(words.FAILED, "")
                rows = table[table.family == family]
                assert text.count("significantly ahead") == len(rows)
                assert all(f"{line.below} is significantly ahead of {line.above}" in text for line in rows.itertuples())


def test_the_best_of_a_problem_is_its_row_of_the_frame(data, report):
    names = list(report.styles)
    for view, at_price in zip(report.views, data["problems"], strict=True):
        table = view.of(best).set_index(["problem", "dim", "among"])
        for cell, columns in zip(report.cells, at_price, strict=True):
            for among, shown in zip(("all", "0", "1", "2"), columns, strict=True):
                if (*cell, among) not in table.index:
                    assert shown == {"empty": "not run"}
                    continue
                row = table.loc[(*cell, among)]
                if not row.optimizer:
                    assert shown == {"empty": row.reason}
                    continue
                assert names[shown["o"]] == row.optimizer
                if row.target == np.inf:
                    assert shown["text"].startswith(f"{words.number(row['median'])} [")
                    assert shown["text"].endswith(f" at {words.number(row.budget)}")
                else:
                    assert shown["text"].startswith(words.number(row.ert))
                    assert shown["text"].endswith(
                        f"{words.reached(row.successes, row.runs)} · {words.target_name(row.kind, row.target)}"
                    )
                if among == "all":
                    looks = [remark["look"] for remark in shown["remarks"]]
                    assert ("significant" in looks) == row.significant
                    hints = [remark["hint"].partition(". ")[0] for remark in shown["remarks"] if remark["hint"]]
                    assert ", ".join(hints) == row.rivals.replace("; ", ", ")


def test_only_skips_are_said_to_be_skips(data, report):
    place = [problem for problem, _ in report.cells].index("cartpole")
    assert data["problems"][0][place][2:] == [{"empty": "skipped"}] * 2


def test_the_terminal_shows_the_words_of_the_page(data, report, results):
    """Within each budget, at the prices of the suite."""
    family = by_family(results)
    assert all(page["caption"].endswith(str(family.caption)) for page in data["answers"][0])
    best_column, fractions = (list(family.columns[place].cells) for place in (3, 4))
    of_all = [page["rows"][0]["cells"][0] for page in data["answers"][0]]
    names = list(report.styles)
    count = len(of_all)
    assert best_column[-count:] == [names[cell["o"]] for cell in of_all]
    shown = [f"{cell['text']} {cell['interval']} of targets" for cell in of_all]
    assert [text.replace("\\[", "[") for text in fractions[-count:]] == shown
    problem = by_problem(results)
    texts = {columns[0].get("text") for columns in data["problems"][0]} - {None}
    columns = [problem.columns[place].cells for place in (3, 4, 5)]
    rows = {" · ".join(row).replace("\\[", "[") for row in zip(*columns, strict=True) if row[1]}
    assert rows == texts


def test_fits_are_those_of_the_measure(make_results):
    results = make_results(problems=22, events=40, hostile=False)
    results.runs = results.runs[results.runs.problem.isin(["quadratic", "rosenbrock"])]  # in three dims
    report = Report(results)
    names = list(report.styles)
    compared = 0
    data = fits(report)
    for place, fit in enumerate(data["fits"]):
        exponents = data["exponents"][place]
        assert [report.cells[cell][0] for cell in fit["cells"]] == [fit["problem"]] * len(fit["cells"])
        for p, view in enumerate(report.views):
            table = scaling(view.of(ert))
            for row in table[table.problem == fit["problem"]].itertuples():
                slot = fit["targets"].index(words.target_name(row.kind, row.target))
                np.testing.assert_allclose(
                    exponents[p, names.index(row.optimizer), slot], [row.exponent, row.error], rtol=1e-6
                )
                compared += not np.isnan(row.exponent)
    assert compared > 20


def test_numbers_and_fractions_in_words():
    assert [words.number(x) for x in (999.7, 0.00099999, 1.5e6, 2e-8)] == ["1,000", "0.001", "1.50e+6", "2.00e-8"]
    assert [words.percent(x) for x in (0, 0.001, 0.5, 0.999, 1)] == ["0 %", "< 1 %", "50 %", "> 99 %", "100 %"]
    assert words.percents(0.4, 0.5) == "[40, 50]" and words.percents(0.4, np.nan) == ""
    assert words.spanned(5, 15, "run") == "5 to 15 runs" and words.spanned(1, 1, "run") == "1 run"
    assert words.listed(["a", "b", "c"], 2) == "a, b and 1 more"


def test_a_pair_cannot_be_significant_on_few_problems():
    assert words.pairs_caption(3, 10, few=False).startswith("With 3 problems this sample cannot reach significance")
    assert words.pairs_caption(12, 10, few=False) == "Corrected for all 10 pairs of this report (Holm 1979)."
    assert words.pairs_caption(3, 0, few=True) == "There is no test: no two optimizers ran."


def test_a_best_without_a_target_has_no_slot(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = ["random-search", "nevergrad-OnePlusOne"]
    options = {"f_opt": 0.0, "optimizers": names, "budget": 20, "seeds": 5, "report": False}
    results = bench.compare(lambda x: 1e9 * float(x @ x), [3.0, 2.0], **options)
    page = verdicts(Report(results))
    ((cells,),) = page["problems"][:1]
    assert cells[0]["slot"] == -1 and cells[0]["text"].endswith("] · 5 runs · median f \N{MINUS SIGN} f_opt at 20")
    assert not any("an easier target" in remark["text"] for cell in cells for remark in cell["remarks"])
    assert "has the lowest median on " in page["answers"][0][-1]["sentence"][2]
    assert "where no optimizer reached a target" in page["answers"][0][-1]["sentence"][2]


def test_where_the_value_decided_expected_runtimes_have_their_row(tmp_path, monkeypatch):
    """At the hardest target that some optimizer reached in half of its runs, as the figure has it; once the table was
    empty there."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    names = ["random-search", "nevergrad-OnePlusOne"]
    options = {"optimizers": names, "noise": True, "budget": 60, "seeds": 5, "report": False}
    results = bench.compare(lambda x: float(x @ x + rng.normal()), [3.0, 2.0], **options)
    report = Report(results)
    ((cells,),) = verdicts(report)["problems"][:1]
    (row,) = hardest(report.views[0].of(ert)).itertuples()
    assert report.views[0].of(best).query("among == 'all'").target.tolist() == [np.inf]
    assert row.reached and cells[0]["slot"] == report.goals.target.tolist().index(row.target)
