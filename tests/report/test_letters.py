"""Texts of figures: none is cut, none leaves its canvas or stands on another, at every width and of every kind."""

import numpy as np
import pandas as pd
import pytest

from bench.report.figures import FIGURES, draw, figure
from bench.report.panels import SUFFIXES, Points, drawn
from bench.report.styles import optimizer_styles
from bench.report.texts import Look, folded, inches, paper, prose, text_width

LONG = "torch-adamw[lr=0.001,weight_decay=0.01,batch_size=128]"
WIDTHS = (None, 2.6, 3.3, 7.0)


def with_long_names(made):
    """Optimizers with three hyperparameters, and problems with wrappers, in their names."""
    runs = made.runs
    endings = {
        name: f"{name}[lr=0.00{n + 1},weight_decay=0.01,batch_size=128]"
        for n, name in enumerate(runs.optimizer.unique())
    }
    problems = {name: f"{name}[condition=1e6]+noise[level=0.1]" for name in runs.problem.unique()}
    made.runs = runs.assign(optimizer=runs.optimizer.map(endings), problem=runs.problem.map(problems))
    return made


@pytest.fixture(scope="module")
def results(make_results):
    """Of every kind: in two dims, where a run crashed or diverged, scored, and where some were skipped."""
    made = make_results(problems=12, optimizers=14, seeds=5, events=30, hostile=False)
    kinds = ["quadratic", "golf", "bbob-f15", "mlp", "cartpole"]
    made.runs = made.runs[made.runs.problem.isin(kinds)].reset_index(drop=True)
    return with_long_names(made)


@pytest.fixture(scope="module")
def sensitivity(results):
    """A figure of tuning: a rate on a logarithmic scale, and a choice with long names."""
    rng = np.random.default_rng(0)
    names = [LONG, LONG.replace("adamw", "nadam")]
    rows = [
        {"optimizer": name, "problem": problem, "dim": 10, "hyperparameter": hyperparameter, "value": value,
         "scale": scale, "reached": 10 ** rng.uniform(-6, 2), "kind": "gap", "role": role}
        for name in names
        for problem in ("quadratic[condition=1e6]+noise[level=0.1]", "mlp")
        for hyperparameter, scale, values in (
            ("a_long_name_of_a_learning_rate", "log", [0.001, 0.01, 0.1]),
            ("schedule", "choice", ["cosine-with-warm-restarts", "constant", "linear"]),
        )
        for value, role in zip(values, ("default", "tried", "tuned"), strict=True)
    ]  # fmt: skip
    from bench.report.panels import Figure

    styles = optimizer_styles([(name, 1) for name in names])
    return Figure("sensitivity", "Sensitivity", "A note.", "8 settings of 2 optimizers.", pd.DataFrame(rows),
                  Points(styles), by=("hyperparameter", "problem", "dim"))  # fmt: skip


def texts_of(found, look, monkeypatch):
    """All texts as they are drawn: (words, box in inches, size in points), and the canvas."""
    import matplotlib as mpl
    import seaborn as sns
    from matplotlib.text import Text

    boxes, draw_text = [], Text.draw

    def record(self, renderer):
        if self.get_visible() and self.get_text().strip():
            box = self.get_window_extent(renderer)
            boxes.append((self.get_text(), box.transformed(canvas.dpi_scale_trans.inverted()), self.get_fontsize()))
        draw_text(self, renderer)

    with mpl.rc_context({**sns.axes_style("whitegrid"), **look.settings}), monkeypatch.context() as patch:
        canvas = drawn(found, look)
        patch.setattr(Text, "draw", record)
        canvas.draw_without_rendering()
    return boxes, canvas


def check(found, look, monkeypatch):
    boxes, canvas = texts_of(found, look, monkeypatch)
    width, height = canvas.get_size_inches()
    assert boxes
    if look.width:
        assert width == pytest.approx(look.width)
    for words, box, size in boxes:
        inside = box.x0 >= -0.005 and box.y0 >= -0.005 and box.x1 <= width + 0.005 and box.y1 <= height + 0.005
        assert inside, f"{words!r} leaves the canvas: {box} of {width} x {height}"
        assert "…" not in words
        if look.width:
            assert 7 <= size <= 8, words
    for n, (words, box, _) in enumerate(boxes):
        for other, place, _ in boxes[n + 1 :]:
            across = min(box.x1, place.x1) - max(box.x0, place.x0)
            up = min(box.y1, place.y1) - max(box.y0, place.y0)
            assert across <= 0.015 or up <= 0.015, f"{words!r} and {other!r} stand on each other"
    return boxes, canvas


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", [name for name in FIGURES if name != "sensitivity"])
def test_no_text_is_cut_or_stands_on_another(results, name, width, monkeypatch):
    found = figure(results, name)
    boxes, _ = check(found, paper(width) if width else Look(), monkeypatch)
    names = {each for _, frame in found.views() for each in found.panel.names(frame)}
    rows = set(found.frame.optimizer) if name in ("ert", "area", "cost-split") else set()
    printed = ["".join(words.split()) for words, _, _ in boxes]
    for each in (names | rows) - {"inside", "outside"}:
        assert any("".join(each.split()) in text for text in printed), each
    for problem in found.frame.problem.unique() if name in ("convergence", "ert", "scaling") else ():
        assert any(problem in text for text in printed), problem


@pytest.mark.parametrize("by", ["order", "family", "dim", "problem"])
def test_nor_in_an_ecdf_by_anything(results, by, monkeypatch):
    check(figure(results, "ecdf", by), paper(3.3), monkeypatch)
    check(figure(results, "ecdf", by), Look(), monkeypatch)


@pytest.mark.parametrize("width", WIDTHS)
def test_nor_in_a_figure_of_tuning(sensitivity, width, monkeypatch):
    boxes, _ = check(sensitivity, paper(width) if width else Look(), monkeypatch)
    assert any("cosine-with-warm-restarts" in "".join(words.split()) for words, _, _ in boxes)
    assert {"the default", "the best setting"} <= {words for words, _, _ in boxes}  # the diamond and the star


# what each says of its width


@pytest.mark.parametrize(
    ("text", "size"),
    [("3.3in", 3.3), ("84mm", 84 / 25.4), ("8.4cm", 8.4 / 2.54), ("240pt", 240 / 72.27), (" 7 in ", 7.0), (3.5, 3.5)],
)
def test_a_width_is_a_length(text, size):
    assert inches(text) == pytest.approx(size)


@pytest.mark.parametrize("text", ["3.3", "wide", "", "-3in", "3.3 inches", "1e9in", "nanin", "3,3in", True, None])
def test_what_is_no_length_is_said_to_be_none(text):
    with pytest.raises(ValueError, match=r"width must be a length such as 3.3in, 8.4cm, 84mm or 240pt, got "):
        inches(text)


@pytest.mark.parametrize("text", ["1in", "100in", "10pt", 0, float("nan"), float("inf")])
def test_a_width_that_nobody_prints_is_refused(text):
    with pytest.raises(ValueError, match="width must be from 2 to 20 inches, got "):
        inches(text)


def test_names_are_folded_at_their_marks():
    width = text_width("torch-adamw[lr=0.001,", 7)
    assert folded("torch-adamw[lr=0.001,weight_decay=1e-4]", 7, width) == "torch-adamw[lr=0.001,\nweight_decay=1e-4]"
    assert folded("short", 7, 1.0) == "short"
    assert max(text_width(line, 7) for line in folded("n" * 120, 7, 0.9).splitlines()) <= 0.9
    assert "".join(folded("n" * 120, 7, 0.9).split()) == "n" * 120
    assert len(folded("n" * 10_000, 7, 3.0)) < 250
    assert folded("", 7, 1.0) == " "
    assert prose("one two three", 7, text_width("one two", 7)) == "one two\nthree"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_files_are_as_wide_as_asked(results, suffix, tmp_path):
    path = draw(results, "ecdf", "optimizer", None, tmp_path / f"a{suffix}", width="84mm")
    data = path.read_bytes()
    if suffix == ".png":
        assert int.from_bytes(data[16:20]) == pytest.approx(84 / 25.4 * 300, abs=1)
    elif suffix == ".svg":
        points = float(data.decode().split('width="')[1].split("pt")[0])
        assert points == pytest.approx(84 / 25.4 * 72, abs=0.1)
        assert LONG.split("[")[1].split(",")[1] in data.decode()
    else:
        box = data.split(b"/MediaBox [")[1].split(b"]")[0].split()
        assert float(box[2]) == pytest.approx(84 / 25.4 * 72, abs=0.1)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_file_is_written_over_only_where_that_is_asked(results, tmp_path, monkeypatch):
    path = tmp_path / "a.svg"
    path.write_text("mine")
    with pytest.raises(ValueError, match="nothing is written over: choose another name, or write over it with --force"):
        draw(results, "area", "optimizer", None, path)
    assert path.read_text() == "mine"
    draw(results, "area", "optimizer", None, path, force=True)
    assert path.read_text().startswith("<?xml")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(ValueError, match=r"folder.svg is a folder: choose another name"):
        draw(results, "area", "optimizer", None, tmp_path / "folder.svg", force=True)
    monkeypatch.setattr("matplotlib.figure.Figure.savefig", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        draw(results, "area", "optimizer", None, path, force=True)
    assert path.read_text().startswith("<?xml")  # what was there stays whole
    assert {each.name for each in tmp_path.iterdir()} == {"a.svg", "folder.svg"}
