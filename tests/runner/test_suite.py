"""Suites: the notation of the command line, TOML, and the answer to what is wrong in them."""

import pytest

from bench.runner.suite import Entry, SuiteError, load_suite, parse_entry, suites


@pytest.mark.parametrize(
    ("text", "name", "grid"),
    [
        ("rosenbrock", "rosenbrock", {}),
        ("rosenbrock[dim=2,10]", "rosenbrock", {"dim": ("2", "10")}),
        ("a[lr=0.01,0.1,schedule=cosine]", "a", {"lr": ("0.01", "0.1"), "schedule": ("cosine",)}),
        (" a[ lr = [0.01, 0.1] ] ", "a", {"lr": ("0.01", "0.1")}),
    ],
)
def test_entry(text, name, grid):
    assert parse_entry(text) == Entry(name, grid)


@pytest.mark.parametrize("text", ["a[lr", "a[2,3]", "[x=1]", "a[x=1,x=2]"])
def test_entry_refuses(text):
    with pytest.raises(ValueError, match=r"must read|twice"):
        parse_entry(text)


def test_grid_is_every_combination():
    assert parse_entry("a[x=1,2,y=3,4]").settings() == [
        {"x": "1", "y": "3"}, {"x": "1", "y": "4"}, {"x": "2", "y": "3"}, {"x": "2", "y": "4"},
    ]  # fmt: skip


GOOD = """
title = "T"
seeds = 3
budget = 100

[prices]
gradient = 2

[[group]]
problems = ["a[dim=2]", {name = "b", dim = [2, 3]}]
optimizers = ["c"]

[[group]]
problems = ["a"]
optimizers = ["d"]
budget = 7
"""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('title = "T"\n[group]\nbudget = 3\n', r"line 2: group must be written as \[\[group\]\]"),
        ('title = "T"\n', r"line 1: key problems is missing: it stands in each \[\[group\]\], or above all"),
    ],
)
def test_toml_without_groups(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(SuiteError, match=message):
        load_suite(path)


def test_targets_of_metrics(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace('title = "T"', "metric_targets = {test_accuracy = [0.9, 0.95]}"))
    assert load_suite(path).metric_targets == {"test_accuracy": [0.9, 0.95]}
    path.write_text(GOOD + "metric_targets = {test_gap = [0.1]}\n")
    loaded = load_suite(path)
    assert loaded.groups[-1].metric_targets == {"test_gap": [0.1]} and not loaded.metric_targets
    for wrong in ("{test_accuracy = 0.9}", '{test_accuracy = ["a"]}', "[0.9]", "{test_accuracy = []}"):
        path.write_text(GOOD.replace('title = "T"', f"metric_targets = {wrong}"))
        with pytest.raises(SuiteError, match=r"line 2: metric_targets must be lists of numbers by metric"):
            load_suite(path)


def test_toml(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    suite = load_suite(path)
    assert (suite.name, suite.title) == ("mine", "T")
    assert [(group.budget, group.seeds) for group in suite.groups] == [(100, 3), (7, 3)]
    assert suite.groups[0].problems[1] == Entry("b", {"dim": (2, 3)})
    assert suite.prices == {"value": 1, "gradient": 2, "hessian_vector": 6, "jacobian": 1, "vjp": 2}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 3", "seeds = ", r"mine.toml: not valid TOML: .*line 3"),
        ("seeds = 3", "sedes = 3", r"line 3: unknown key 'sedes'"),
        ("seeds = 3", "seeds = 2.5", r"line 3: seeds must be a whole number, got 2.5"),
        ("seeds = 3", "seeds = 0", r"line 3: seeds must be a number above 0, got 0"),
        ("seeds = 3", "lanes = 0", r"line 3: lanes must be a whole number from 1 to 65,536, got 0"),
        ("seeds = 3", "lanes = true", r"line 3: lanes must be a whole number from 1 to 65,536, got True"),
        ("budget = 7", "budget = -7", r"line 16: budget must be a number above 0, got -7"),
        ("budget = 7", "bugdet = 7", r"line 16: unknown key 'bugdet'"),
        ('optimizers = ["d"]', "", r"line 13: key optimizers is missing"),
        ('optimizers = ["d"]', 'optimizers = "d"', r"line 15: optimizers: must be a list"),
        ('optimizers = ["d"]', 'optimizers = ["d[3]"]', r"line 15: optimizers: .*must read key=value"),
        ("gradient = 2", "gradient = -2", r"price of a gradient must be a positive number, got -2"),
        ("gradient = 2", "slope = 2", r"prices has no question 'slope'"),
    ],
)
def test_broken_toml_is_answered_with_file_line_and_key(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SuiteError, match=message):
        load_suite(path)


ENTRIES = """budget = 9
seeds = 1
[[group]]
problems = ["rosenbrock"]
optimizers = ["random-search"]
[[group]]
problems = [
  "rosenbrock",
  "PROBLEM",
  {name = "rosenbrock", dim = DIM},
]
optimizers = ["random-search",
  "OPTIMIZER", "random-search"]
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("PROBLEM", "rosenbrok", r"line 9: problems: unknown problem 'rosenbrok': did you mean rosenbrock"),
        ("PROBLEM", "rosenbrock[dim=0]", r"line 9: problems: rosenbrock: dim must be >= 2, got 0"),
        ("PROBLEM", "rosenbrock[dmi=2]", r"line 9: problems: rosenbrock has no parameter 'dmi'"),
        ("PROBLEM", "rosenbrock[2]", r"line 9: problems: .*must read key=value"),
        ("PROBLEM", "rosenbrock+nose", r"line 9: problems: unknown wrapper 'nose'"),
        ("DIM", "'two'", r"line 10: problems: rosenbrock: dim must be int, got 'two'"),
        ("OPTIMIZER", "random-serch", r"line 13: optimizers: unknown optimizer 'random-serch'"),
        ("OPTIMIZER", "scipy-bfgs[gtol=x]", r"line 13: optimizers: scipy-bfgs"),
    ],
)
def test_an_entry_that_cannot_be_is_answered_with_its_line(tmp_path, old, new, message):
    from bench.core.registry import load
    from bench.runner import PACKAGES
    from bench.runner.plan import plan

    load(PACKAGES)
    path = tmp_path / "mine.toml"
    text = ENTRIES.replace(old, new)
    for key, good in {"PROBLEM": "rosenbrock[dim=3]", "DIM": "4", "OPTIMIZER": "cma-es"}.items():
        text = text.replace(key, good)
    path.write_text(text)
    with pytest.raises(SuiteError, match=rf"mine\.toml, {message}"):
        plan(load_suite(path))


def test_unknown_suite():
    with pytest.raises(SuiteError, match=r"unknown suite 'quik'.*quick"):
        load_suite("quik")


@pytest.mark.parametrize("named", ["/nowhere/mine.toml", "mine.toml", "nowhere/quick", "./quick"])
def test_a_path_is_no_name(tmp_path, monkeypatch, named):
    """Nor is it guessed which suite was meant."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SuiteError, match=rf"^there is no file {named}$"):
        load_suite(named)
    with pytest.raises(SuiteError, match=r"is a folder, and no TOML file$"):
        load_suite(f"{tmp_path}/")


@pytest.mark.parametrize("name", suites())
def test_every_suite_can_be_planned(name):
    from bench.core.registry import load
    from bench.runner import PACKAGES
    from bench.runner.plan import plan

    load(PACKAGES)
    specs = plan(load_suite(name))
    assert len({spec.hash() for spec in specs}) == len(specs) > 0


def test_a_gap_under_its_first_name_is_read_with_a_notice(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("seeds = 3", "target = 1e-3").replace("budget = 7", "gap = 1e-5"))
    with pytest.warns(FutureWarning, match=r"mine\.toml, line 3: target = 0\.001 is read as gap = 0\.001") as notices:
        suite = load_suite(path)
    assert len(notices) == 1
    assert [group.gap for group in suite.groups] == [1e-3, 1e-5]


@pytest.mark.parametrize("written", ["target = -1", "target = 'low'", "target = 1e-3\ngap = 1e-3"])
def test_a_gap_under_its_first_name_is_a_number_alone(tmp_path, written):
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("seeds = 3", written))
    with pytest.raises(SuiteError, match=r"mine\.toml, line 3: target is the first name of gap, a number >= 0"):
        load_suite(path)
