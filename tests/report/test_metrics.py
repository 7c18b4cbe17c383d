"""The section of metrics, and the figure."""

import base64
import re
from dataclasses import replace

import pytest

import bench
from bench.report.figures import Source, draw, figure
from bench.report.measured import Report
from bench.report.metrics import WIDTH, chief, drawings, metric_figure, shown
from bench.report.page import html
from bench.runner.suite import Group, Suite, parse_entry


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("metrics")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return bench.run(
            problems=["softmax[data=iris]", "sphere", "nn-on-tabular[data=iris,width=4,blocks=1]"],
            optimizers=["torch-sgd[lr=0.1]", "soap"],
            budget=12,
            seeds=6,
            name="metrics",
            report=False,
            workers=1,
        )


def test_the_page_has_medians_with_intervals_and_pictures(results):
    report = Report(results)
    section = shown(report)
    names = [problem["name"] for problem in section["problems"]]
    assert len(names) == 2 and not any(name.startswith("sphere") for name in names)
    tabular = next(problem for problem in section["problems"] if problem["name"].startswith("nn-on-tabular"))
    assert tabular["metrics"] == ["f", "test accuracy", "train accuracy", "test loss"]
    finals = results.final_metrics
    for row in tabular["rows"]:
        stored = finals[(finals.optimizer == row["optimizer"]) & finals.problem.str.startswith("nn-on")]
        assert row["runs"] == 6 and all(cell["interval"] for cell in row["cells"])
        median = stored.set_index("metric").loc["test_accuracy", "median"]
        assert float(row["cells"][1]["text"]) == pytest.approx(median, rel=5e-3)
    best = [row["cells"][1]["best"] for row in tabular["rows"]]
    assert any(best)
    text = html(report)
    section = re.search(r'<section id="metrics">.*?</section>', text, re.DOTALL)[0]
    drawn = [base64.b64decode(svg).decode() for svg in re.findall(r"data:image/svg\+xml;base64,([^\"]+)", section)]
    assert len(drawn) == 2 * 3  # two problems with metrics, over cost, epochs and seconds
    assert all(float(re.search(r'width="([\d.]+)pt"', svg)[1]) == pytest.approx(72 * WIDTH, rel=0.02) for svg in drawn)
    sizes = {float(size) for svg in drawn for size in re.findall(r"font-size: ([\d.]+)px", svg)}
    assert min(sizes) >= 7  # points, as wide as a telephone
    assert {"metrics"} <= set(report.tables)


def test_results_without_metrics_have_no_such_section(results, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = bench.run(problems=["sphere"], optimizers=["scipy-bfgs"], budget=30, seeds=2, name="x", report=False)
    report = Report(other)
    assert shown(report) == {} and '<section id="metrics">' not in html(report)
    with pytest.raises(ValueError, match="x has nothing for a figure of metric: no run recorded any"):
        draw(other, "metric", "optimizer", None, tmp_path / "a.svg")
    with pytest.raises(ValueError, match=r"one that runs record \(none\), got 'test_accuracy'"):
        figure(other, "metric", metric="test_accuracy")


def test_figures_of_metrics(results, tmp_path):
    drawing = figure(results, "metric", metric="test_accuracy", over="epochs")
    assert drawing.name == "metric-test-accuracy-over-epochs" and len(drawing.views()) == 2
    assert {name for name in drawing.frame.curve if name.endswith(", training rows")}
    seconds = figure(results, "metric", over="seconds")
    assert "Not drawn: torch-sgd[lr=0.1], whose runs went in lanes" in seconds.note
    assert "Not drawn: torch-sgd[lr=0.1], whose runs went in lanes" in seconds.facts
    assert set(seconds.frame.optimizer) == {"soap"}
    draw(results, "metric", "optimizer", None, tmp_path / "metric.svg", metric="test_loss")
    assert "test loss" in (tmp_path / "metric.svg").read_text()
    with pytest.raises(ValueError, match="over must be one of cost, epochs, seconds, got 'time'"):
        figure(results, "metric", over="time")
    with pytest.raises(ValueError, match="of the figures metric and sensitivity, not of ecdf"):
        figure(results, "ecdf", metric="test_loss")


def test_the_chief_metric():
    assert chief(["test_loss", "train_accuracy", "test_accuracy"]) == "test_accuracy"
    assert chief(["test_loss", "test_gap"]) == "test_gap"
    assert chief(["test_loss"]) == "test_loss" and chief(["train_size"]) == "train_size" and chief([]) == ""
    assert metric_figure.__doc__


def test_solo_runs_have_seconds_and_equal_lanes_but_for_rounding(tmp_path, monkeypatch):
    """A suite that asks for them, and for the cost to reach an accuracy, which the page has."""
    monkeypatch.chdir(tmp_path)
    entries = [(parse_entry("nn-on-tabular[data=iris,width=4,blocks=1]"),), (parse_entry("torch-sgd[lr=0.1]"),)]
    runs = {}
    for solo in (False, True):
        group = Group(*entries, budget=12, seeds=6, solo=solo)
        suite = Suite(f"solo-{solo}", (group,), metric_targets={"test_accuracy": [0.5]})
        runs[solo] = bench.run(suite, workers=2, report=False)
    lanes, alone = (runs[solo].metrics() for solo in (False, True))
    assert lanes.seconds.isna().all() and alone.seconds.notna().all() and (runs[True].runs.lanes == 0).all()
    assert lanes.score.to_numpy() == pytest.approx(alone.score.to_numpy(), abs=0.05)
    assert runs[False].runs.final.to_numpy() == pytest.approx(runs[True].runs.final.to_numpy(), rel=1e-3)
    (problem,) = shown(Report(runs[True]))["goals"]
    assert problem["targets"] == ["test accuracy 0.5"] and problem["name"].startswith("nn-on-tabular")
    ((cell,),) = [row["cells"] for row in problem["rows"]]
    assert cell["reached"].startswith("6/6") and cell["best"]
    assert "metric-ert" in Report(runs[True]).tables


def test_a_crowded_panel_shows_the_best_at_the_end_with_their_training_rows(results, monkeypatch):
    """Of a lower test loss: with one place that of the optimizer with the least, on each problem, and its training
    rows, which are not named in the legend."""
    monkeypatch.setattr("bench.report.metrics.LEADING", 1)
    drawing = figure(results, "metric", metric="test_loss")
    assert "Of 2 optimizers, on each problem the 1 best at the end." in drawing.note
    assert "Dotted: of" not in drawing.note
    finals = results.final_metrics
    finals = finals[finals.metric == "test_loss"].sort_values("median").groupby("problem").head(1)
    best = dict(zip(finals.problem, finals.optimizer, strict=True))
    shown_there = {problem: set(rows.optimizer) for problem, rows in drawing.frame.groupby("problem")}
    assert shown_there == {problem: {name} for problem, name in best.items()}
    accuracy = figure(results, "metric", metric="test_accuracy")
    assert "Dotted: of training rows." in accuracy.note
    (_, panel), *_ = accuracy.views()
    assert {name.removesuffix(", training rows") for name in accuracy.panel.names(panel)} == set(panel.optimizer)
    assert not any("training" in name for name in accuracy.panel.legend())


def test_groups_have_targets_of_their_own_and_a_lane_alone_has_seconds(tmp_path, monkeypatch):
    """Targets by problem; new ones of a suite that has run are reported without another run."""
    monkeypatch.chdir(tmp_path)
    sgd = (parse_entry("torch-sgd[lr=0.1]"),)
    problems = [parse_entry(f"softmax[data={data}]") for data in ("iris", "wine")]
    groups = [Group((problem,), sgd, budget=3, seeds=2, lanes=1) for problem in problems]
    suite = Suite("of-groups", tuple(groups), metric_targets={"test_accuracy": [0.2]})
    results = bench.run(suite, workers=1, report=False)
    assert results.metrics().seconds.notna().all() and (results.runs.lanes == 1).all()
    assert "Not drawn" not in figure(results, "metric", over="seconds").note
    with_own = (replace(groups[0], metric_targets={"test_accuracy": [0.3, 0.4]}), groups[1])
    again = bench.run(replace(suite, groups=with_own), workers=1, report=False)
    assert again.runs.outside.tolist() == results.runs.outside.tolist()
    assert again.metric_targets == {"test_accuracy": {"softmax[data=iris]": [0.3, 0.4], "softmax[data=wine]": [0.2]}}
    drawn = [(metric, over) for metric, over in drawings(Source(again)) if over == "cost"]
    assert drawn == [(None, "cost")]
    losses = replace(suite, metric_targets={"test_loss": [0.5]})
    assert ("test_loss", "cost") in drawings(Source(bench.run(losses, workers=1, report=False)))
    found = again.metric_ert()[["problem", "target"]].to_numpy().tolist()
    assert sorted(found) == [["softmax[data=iris]", 0.3], ["softmax[data=iris]", 0.4], ["softmax[data=wine]", 0.2]]
