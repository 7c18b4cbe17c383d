"""Whole numbers, categories, logarithms, names and maxima in `compare` and `minimize`."""

import re

import numpy as np
import pytest
import scipy.optimize
import torch

import bench
from bench.arguments import as_coordinates
from bench.core.coordinates import Coordinates
from bench.functions import VALUES_ALONE, Function
from bench.report.answers import verdicts
from bench.report.data import page_data
from bench.report.measured import Report
from bench.report.page import html
from bench.report.tables import value_rows

pytestmark = pytest.mark.usefixtures("one_process")

NOZZLES = ("jet", "cone", "slot")
MIXED = ["random-search", "genetic-algorithm", "nevergrad-OnePlusOne"]
NAMED = {
    "start": {"pressure": 1e5, "valves": 5, "nozzle": "slot", "rate": 0.1},
    "bounds": {"pressure": (5e4, 2e5), "valves": (1, 9), "rate": (1e-6, 1)},
    "integers": ["valves"],
    "categories": {"nozzle": NOZZLES},
    "log": ["rate"],
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def loss(pressure, valves, nozzle, rate):
    assert (type(pressure), type(valves), type(rate)) == (float, int, float)
    assert nozzle in NOZZLES and 1 <= valves <= 9 and 5e4 <= pressure <= 2e5 and 1e-6 <= rate <= 1
    return (pressure / 1e5 - 1.3) ** 2 + (valves - 3) ** 2 + NOZZLES.index(nozzle) + np.log10(rate / 1e-3) ** 2


def thrust(**coordinates):
    return 10 - loss(**coordinates)


def lines_after(text, head):
    lines = text[text.index(head) :].split("\n\n")[0].splitlines()[1:]
    return "\n".join(line.removeprefix("  ") for line in lines)


def recorded(calls, value):
    """A function of one array that keeps what it was asked."""

    def f(x):
        calls.append(x)
        return value(x)

    return f


# what the function receives


@pytest.mark.parametrize("optimizers", [MIXED, ["scipy-cobyla"]])
def test_whole_numbers_come_whole_in_an_array_of_numbers(optimizers):
    calls = []
    f = recorded(calls, lambda x: float(((x - [1.7, 2, 0.3]) ** 2).sum()))
    results = bench.compare(
        f, [0.5, 5, 0.5], bounds=[(0, 3), (-2, 9), (0, 1)], integers=[1], budget=100, seeds=2, optimizers=optimizers
    )
    assert {x.dtype for x in calls} == {np.dtype(float)}
    assert all(x[1] == round(x[1]) for x in calls)
    if optimizers is MIXED:
        assert len({x[1] for x in calls}) > 4, "all of them are tried"
        assert results.best().x[1] == 2
    else:
        assert set(results.runs.status) == {"skipped"}


def test_categories_come_as_themselves_in_an_array_of_objects():
    calls, choices = [], [None, (1, 2), "cone"]
    f = recorded(calls, lambda x: float((x[0] - 1) ** 2 + abs(x[1] - 3)) + choices.index(x[2]))
    results = bench.compare(
        f, [0.5, 5, (1, 2)], bounds=[(0, 3), (1, 9), None], integers=1, categories={2: choices}, budget=100, seeds=2,
        optimizers=MIXED,
    )  # fmt: skip
    assert {(x.dtype, x.shape) for x in calls} == {(np.dtype(object), (3,))}
    assert {(type(x[0]), type(x[1])) for x in calls} == {(float, int)}
    assert all(x[2] in choices for x in calls)
    assert results.best().x.tolist()[2] is None
    assert results.best().x[1] == 3


def test_names_are_keywords_and_the_start_may_be_a_mapping(capsys):
    results = bench.compare(loss, **NAMED, budget=150, seeds=3, optimizers=MIXED)
    best = results.best()
    assert loss(**best.x) == pytest.approx(best.f)
    assert list(best.x) == list(NAMED["start"])
    assert (best.x["valves"], best.x["nozzle"]) == (3, "jet")
    printed = capsys.readouterr().out
    found = {"loss": loss}
    exec(lines_after(printed, "To run it:"), found)
    assert found["run"].best == pytest.approx(loss(**found["run"].best_x))
    assert "own call" not in printed


def test_names_beside_a_list_and_numbers_beside_names():
    names = list(NAMED["start"])
    said = {
        "start": list(NAMED["start"].values()), "names": names, "integers": [1], "categories": {2: NOZZLES}, "log": 3,
        "bounds": [(5e4, 2e5), (1, 9), None, (1e-6, 1)],
    }  # fmt: skip
    runs = [bench.minimize(loss, "genetic-algorithm", **each, budget=60) for each in (said, NAMED)]
    assert runs[0].best == runs[1].best
    assert runs[0].best_x == runs[1].best_x


def test_names_of_real_numbers_with_a_gradient_by_name():
    def f(width, height):
        return (width - 1) ** 2 + (height - 2) ** 2, {"height": 2 * (height - 2), "width": 2 * (width - 1)}

    run = bench.minimize(f, "scipy-lbfgsb", start={"width": 4.0, "height": 5.0}, budget=60)
    assert run.best_x == pytest.approx({"width": 1, "height": 2})
    run = bench.minimize(lambda width, height: (width - 1) ** 2 + (height - 2) ** 2, "scipy-newton-cg", budget=60,
                         start=torch.tensor([4.0, 5.0]), names=["width", "height"])  # fmt: skip
    assert run.best == pytest.approx(0, abs=1e-6)


def test_logarithms_take_unlike_powers_and_keep_one_call_for_value_and_gradient():
    calls = []

    def f(x):
        calls.append(x)
        z = np.log(x[0] / 1e-5)
        return z**2 + (x[1] - 1) ** 2, [2 * z / x[0], 2 * (x[1] - 1)]

    run = bench.minimize(f, "scipy-lbfgsb", start=[1e3, 3.0], log=[0], budget=300, restarts=False)
    np.testing.assert_allclose(run.best_x, [1e-5, 1], rtol=1e-3)
    assert run.counts["gradient"] < 20
    assert len(calls) <= run.counts["gradient"] + 10  # the probe and the start
    bounded = bench.minimize(
        lambda x: f(x)[0], "scipy-nelder-mead", start=[1e3, 3.0], log=[0], bounds=[(None, 1e4), None], budget=300
    )
    np.testing.assert_allclose(bounded.best_x, [1e-5, 1], rtol=1e-2)


@pytest.mark.parametrize(
    "f", [lambda x: (float((x**2).sum()), 2 * x), (lambda x: float((x**2).sum()), lambda x: 2 * x)]
)
@pytest.mark.usefixtures("unanswered")
def test_beside_whole_numbers_only_values_are_asked(f):
    with pytest.warns(UserWarning, match=re.escape(VALUES_ALONE)):
        results = bench.compare(f, [2.0, 3], integers=[1], bounds=(-5, 5), budget=60, seeds=1,
                                optimizers=["random-search", "scipy-lbfgsb"])  # fmt: skip
    assert results.runs.problem_order.dropna().tolist() == [0]
    assert results.runs.status.tolist() == ["budget", "skipped"]


def test_tensors_with_whole_numbers():
    calls = []
    f = recorded(calls, lambda x: ((x - torch.tensor([0.5, 2.0])) ** 2).sum())
    with pytest.warns(UserWarning, match="only values of f are asked"):
        run = bench.minimize(
            f, "genetic-algorithm", start=torch.tensor([1.0, 4.0]), integers=[1], bounds=(0, 5), budget=80
        )
    assert all(x[1] == x[1].round() for x in calls)
    assert run.best_x[1] == 2


def test_who_could_not_run_is_said_in_one_line(capsys):
    names = [*MIXED, "scipy-powell", "scipy-cobyla"]
    bench.compare(loss, **NAMED, budget=30, seeds=1, optimizers=names)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("Not run: ")]
    assert lines == [
        "Not run: scipy-powell, scipy-cobyla (loss has coordinates of kind category, integer, it takes real)."
    ]


def test_failures_speak_of_what_the_function_took():
    def f(valves, nozzle):
        if nozzle == "slot":
            raise RuntimeError("no mesh")
        return float(valves)

    run = bench.minimize(f, "random-search", start={"valves": 2, "nozzle": "jet"}, bounds={"valves": (1, 4)},
                         integers="valves", categories={"nozzle": NOZZLES}, budget=30)  # fmt: skip
    assert re.search(r"First failure at x = \{'valves': \d, 'nozzle': 'slot'\}: RuntimeError: no mesh", run.error)


# points, and the sign


def test_points_have_the_coordinates_that_are_fixed_also_when_they_are_loaded():
    said = {**NAMED, "bounds": {**NAMED["bounds"], "pressure": (1e5, 1e5)}}
    results = bench.compare(loss, **said, budget=60, seeds=2, optimizers=MIXED, name="mine", report=False)
    for each in (results, bench.load("mine")):
        best = each.best()
        assert best.x["pressure"] == 1e5
        assert loss(**best.x) == pytest.approx(best.f)
        assert each.best_x(0) == results.best_x(0)
    assert results.runs.dim.tolist() == [3] * 6
    second = bench.compare(
        loss, **said, budget=60, seeds=2, optimizers=["simulated-annealing"], name="other", report=False
    )
    both = bench.load(["results/mine", "results/other"])
    assert both.best_x(len(both.runs) - 1) == second.best_x(1)


def test_a_fixed_category_and_a_fixed_whole_number():
    run = bench.minimize(loss, "scipy-nelder-mead", **{
        **NAMED, "categories": {"nozzle": ["slot"]}, "bounds": {**NAMED["bounds"], "valves": (5, 5)},
    }, budget=200)  # fmt: skip
    assert run.best == pytest.approx(4 + NOZZLES.index("slot"), abs=1e-3)
    assert (run.best_x["valves"], run.best_x["nozzle"]) == (5, "slot")


def test_a_maximum_has_the_users_sign_wherever_it_is_shown(capsys):
    results = bench.compare(
        thrust,
        **NAMED,
        maximize=True,
        budget=150,
        seeds=3,
        optimizers=["random-search", "genetic-algorithm"],
        name="mine",
    )
    printed = capsys.readouterr().out
    best = results.best()
    assert 8 < best.f <= 10
    assert best.f == pytest.approx(thrust(**best.x))
    assert best.sentence.partition(" has the highest median on ")[2].startswith("thrust, dim 4: f = ")
    assert printed.startswith(best.sentence)
    table = lines_after(printed, "Median and quartiles of f at a cost of").splitlines()
    medians = [float(line.split()[1]) for line in table[:2]]
    assert medians == sorted(medians, reverse=True)
    assert all(0 < median <= 10 for median in medians)
    assert "the highest median of its problem" in printed
    found = {"thrust": thrust}
    exec(lines_after(printed, "To run it:"), found)
    run = found["run"]
    assert run.best == pytest.approx(thrust(**run.best_x))
    assert run.trajectory.f.is_monotonic_increasing
    assert run.trajectory.f.iloc[0] == run.first == pytest.approx(thrust(**NAMED["start"]))
    assert set(results.runs.problem) == {"minus-thrust"}
    np.testing.assert_allclose(results.runs.best.min(), -best.f)
    assert bench.load("mine").best().f == best.f
    report = Report(results)
    page = html(report)
    answer = re.search(r'<section id="values">.*?</section>', page, re.DOTALL)[0]
    assert "minus-thrust" not in answer and ">thrust<" in answer
    shown = [cell["text"] for cell in value_rows(report)[0]["cells"]]
    assert sorted(map(float, shown), reverse=True) == pytest.approx(medians, rel=5e-3)
    assert "thrust is maximized: values of this page are its own" in page
    assert verdicts(report)["answers"][0][-1]["sentence"][2].startswith(
        " has the highest median on thrust, dim 4: f = "
    )
    assert page_data(report)["cells"][0] | {"targets": []} == {
        "name": "thrust, dim 4", "problem": "thrust", "dim": 4, "family": report.family_of_cell[0], "kind": "value",
        "targets": [], "sign": -1,
    }  # fmt: skip
    curve = report.turned(report.views[0].convergence)
    assert (
        (curve["median"] > -1e9).all()
        and (curve.low <= curve["median"]).all()
        and (curve["median"] <= curve.high).all()
    )
    last = curve.groupby("optimizer")["median"].agg(["first", "last"])
    assert (last["last"] >= last["first"]).all()  # it rises
    assert best.sentence.split(";")[0] in str(results)


@pytest.mark.parametrize("start", [[3.0, -2.0], torch.tensor([3.0, -2.0], dtype=torch.float64)])
@pytest.mark.parametrize("way", ["value", "pair", "both"])
def test_a_maximum_by_gradients(start, way, capsys):
    def f(x):
        return 5 - ((x - 1) ** 2).sum()

    def g(x):
        return -2 * (x - 1)

    function = {"value": f, "pair": (f, g), "both": lambda x: (f(x), g(x))}[way]
    optimizer = "scipy-nelder-mead" if way == "value" and isinstance(start, list) else "scipy-lbfgsb"
    run = bench.minimize(function, optimizer, start=start, maximize=True, budget=300)
    assert run.best == pytest.approx(5)
    np.testing.assert_allclose(run.best_x, [1, 1], atol=1e-3)
    run = bench.minimize(function, optimizer, start=start, maximize=True, target=4.5, budget=300)
    assert (run.status, run.best >= 4.5) == ("target", True)
    results = bench.compare(function, start, maximize=True, f_opt=5, optimizers=[optimizer], budget=300, seeds=2)
    assert results.runs.f_opt.tolist() == [-5.0, -5.0]
    assert "Median and quartiles of f_opt - f at" in capsys.readouterr().out


def test_what_is_wrong_with_a_maximum_has_its_sign(capsys):
    names = ["scipy-powell", "random-search"]
    said = {"start": [3.0, 2.0], "maximize": True, "optimizers": names, "budget": 90, "seeds": 2}
    with pytest.warns(
        UserWarning, match="^Impossible values: peak, dim 2, .* up to 4[.0-9]+, above the maximum f_opt = 4"
    ):
        results = bench.compare(peak, f_opt=4, **said)
    assert "f_opt is wrong on peak, dim 2: values above it were found" in results.best().sentence
    assert ", above the maximum f_opt = 4" in str(results)
    with pytest.warns(
        UserWarning, match="values of ∞, which is no real number. The problem is wrong, or has no maximum"
    ):
        bench.compare(lambda x: np.inf if x[0] < 2.9 else float(x[0]), **said)


def peak(x):
    return 5 - float(((x - 1) ** 2).sum())


def test_categories_come_back_as_they_were_and_it_is_said_where_they_cannot(recwarn):
    choices = (np.inf, np.int64(8), None, (1, 2), len, True, ["a", {"b": (0.5, None), 3: []}], 2**60, "len")
    f = {str(each): i for i, each in enumerate(choices)}
    results = bench.compare(
        lambda x: f[str(x[0])], [np.inf], categories={0: choices}, optimizers=["random-search"], budget=60, seeds=1,
        name="mine", report=False,
    )  # fmt: skip
    assert results.best().x.tolist() == [np.inf]
    assert not recwarn.list
    loaded = bench.load("mine")
    with pytest.warns(
        UserWarning, match="categories are texts .* of coordinate 0 <built-in function len>. The results"
    ):
        restored = loaded.coordinates.categories[0]
    expected = (*choices[:4], "<built-in function len>", *choices[5:])
    assert restored == expected and [type(each) for each in restored] == [
        float, int, type(None), tuple, str, bool, list, int, str,
    ]  # fmt: skip


def test_a_loaded_folder_gives_what_f_takes(recwarn):
    f = {"small": 3.0, "large": 1.0}
    choices = ({"size": "small"}, {"size": "large"}, None)
    results = bench.compare(
        lambda x: 5.0 if x[0] is None else f[x[0]["size"]], [None], categories={0: choices}, seeds=1, budget=60,
        optimizers=["random-search"], name="mine", report=False,
    )  # fmt: skip
    assert results.best().x.tolist() == bench.load("mine").best().x.tolist() == [{"size": "large"}]
    assert not recwarn.list


def test_categories_of_folders_of_earlier_versions_are_as_they_stand():
    said = as_coordinates(["jet", 1.0], [None, (0, 2)], categories={0: ("jet", 4, None)}).described()
    assert said["categories"] == {"0": ["jet", 4, None]}, "stored as before"
    assert Coordinates.restored(said).categories[0] == ("jet", 4, None)


# what is refused


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"integers": [1]}, "finite for all .* whole numbers or categories, got none for coordinate 0, coordinate 1"),
        ({"integers": [0], "bounds": (0, 9), "start": [1.5, 2]}, "got start 1.5"),
        ({"integers": [0], "bounds": [(0, 9), None]}, "must be finite for all .* got none for coordinate 1"),
        ({"integers": [0], "bounds": (0.5, 9)}, r"got start 1, bounds \(0.5, 9.0\) for coordinate 0"),
        ({"integers": [0], "bounds": [(0, 2**53 + 1), (0, 9)]}, "within 2.53 for integers, .* for coordinate 0"),
        ({"integers": [2]}, r"integers must name coordinates: 0 to 1; names are given by names=; got 2"),
        ({"integers": ["a"]}, "got 'a'"),
        ({"integers": ["a"], "names": ["b", "c"]}, "integers must name coordinates: 0 to 1, or b, c; got 'a'"),
        ({"integers": [True]}, "got True"),
        ({"integers": [1, 1], "bounds": (0, 9)}, "must name each coordinate once"),
        ({"integers": [1], "log": [1], "bounds": (1, 9)}, "coordinate 1 must not be in both integers and log"),
        ({"integers": [1], "categories": {1: [2, 3]}}, "coordinate 1 must not be in both integers and categories"),
        ({"log": [0], "bounds": (0, 9)}, r"must be > 0 where log says .*, got start 1, bounds \(0.0, 9.0\)"),
        ({"log": [0], "start": [0.0, 1.0]}, "got start 0"),
        ({"categories": ["jet"]}, "categories must be a mapping"),
        ({"categories": {0: "jet"}, "start": ["j", 1]}, "categories must be lists of one or more, got 'jet'"),
        ({"categories": {0: []}}, "categories must be lists of one or more"),
        ({"categories": {0: ["jet", "jet"]}}, "categories must differ"),
        ({"categories": {0: ["jet", "cone"]}}, "one of the categories 'jet', 'cone' for coordinate 0, got 1"),
        ({"categories": {0: [1, 2]}, "bounds": [(0, 1), (0, 9)]}, "and None for categories, got"),
        ({"categories": {0: [1, 2]}, "start": torch.tensor([1.0, 2.0])}, "start must be no tensor"),
        ({"names": ["a"]}, r"names must be 2 different texts, one a coordinate, got \('a',\)"),
        ({"names": ["a", "a"]}, "names must be 2 different texts"),
        ({"names": "ab"}, "names must be a list of names"),
        ({"start": {"a": 1.0, "b": 2.0}, "names": ["a", "c"]}, "start must have a value for each of names a, c"),
        ({"start": {"a": 1.0, "b": "x"}}, "start must hold a number for 'b', got 'x': "),
        ({"start": {"a": 1.0, "b": 2.0}, "bounds": {"c": (0, 1)}}, "bounds must name .* 0 to 1, or a, b; got 'c'"),
        ({"start": {"a": 1.0, "b": 2.0}, "bounds": {"b": (0, 1)}}, "start must lie within the bounds, .*: 'b'"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_sentence(said, message):
    said = {"start": [1, 2], **said}
    for call in (
        lambda: bench.compare(lambda x: 0.0, **said),
        lambda: bench.minimize(lambda x: 0.0, "cma-es", budget=9, **said),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_what_else_does_not_fit():
    with pytest.raises(ValueError, match="maximize must be True or False, got 'yes'"):
        bench.compare(lambda x: 0.0, [1.0], maximize="yes")
    with pytest.raises(ValueError, match="an Objective has its own"):
        bench.minimize(bench.make("rosenbrock"), "cma-es", budget=9, integers=[0])


@pytest.mark.parametrize("bounds", [
    [(0, 3), (None, 2)], {0: (0, 3), 1: (None, 2)}, {"b": (None, 2), "a": (0, 3)}, {1: (None, 2), "a": [0, 3]},
    scipy.optimize.Bounds([0, -np.inf], [3, 2]),
])  # fmt: skip
def test_bounds_by_place_number_or_name(bounds):
    coordinates = as_coordinates([1.0, 1.0], bounds, ["a", "b"])
    assert coordinates.low.tolist() == [0, -np.inf]
    assert coordinates.high.tolist() == [3, 2]


def test_coordinates_are_kept_in_json():
    said = as_coordinates([1, "cone", 0.5, 7], [(0, 4), None, (0.1, 1), (7, 7)], list("wxyz"), [0],
                          {1: NOZZLES}, ["y"])  # fmt: skip
    again = Coordinates.restored(said.described())
    x = np.array([3.0, 2.0, 0.25])
    assert again.taken(x) == said.taken(x) == {"w": 3, "x": "slot", "y": 0.25, "z": 7.0}
    assert (again.kinds, again.log, again.low.tolist()) == (said.kinds, said.log, said.low.tolist())


def test_a_maximum_of_zero_comes_back(capsys):
    """Optimizers see -0.0, which the store of runs gives back as 0.0: no damage, and no -0 anywhere."""
    comparison = {"optimizers": ["random-search"], "budget": 10, "seeds": 2, "maximize": True, "report": False}
    results = bench.compare(lambda x: 0.0, [1.0, 1.0], **comparison)
    assert len(results.runs) == 2 and not results.damaged
    assert str(results.best().f) == "0.0"
    assert str(bench.minimize(lambda x: 0.0, "random-search", start=[1.0], budget=3, maximize=True).best) == "0.0"
    text = capsys.readouterr().out
    assert "random-search has the highest median on lambda, dim 2: f = 0 [0, 0] in 2 runs" in text and "-0" not in text
    best = bench.compare(lambda x: 5.0, [1.0, 1.0], f_opt=7.5, **comparison).best()
    assert "random-search has the lowest median on lambda, dim 2: f_opt \N{MINUS SIGN} f = 2.5 [2.5, 2.5] in" in str(
        best
    )


def test_categories_of_any_values():
    nan, arrays = float("nan"), [np.ones(2), np.zeros(3)]
    for categories in ([nan, 1.0], arrays, [1, True], [None, (1, 2), 0.5]):
        function = Function(lambda x: 1.0, [categories[0], 1.0], [None, (0, 2)], categories={0: categories})
        assert function.coordinates.start[0] == 0.0
    assert (
        Function(lambda x: 1.0, [float("nan"), 1.0], [None, (0, 2)], categories={0: [1.0, nan]}).coordinates.start[0]
        == 1.0
    )
    for bad, sentence in (({"a", "b"}, "must be lists"), ([nan, float("nan")], "must differ")):
        with pytest.raises(ValueError, match=f"categories {sentence}"):
            Function(lambda x: 1.0, ["a", 1.0], categories={0: bad}).coordinates  # noqa: B018


def test_a_whole_number_beyond_all_floats_is_no_value():
    with pytest.raises(ValueError, match="f must give one real number, got int"):
        bench.minimize(lambda x: 10**400, "random-search", start=[1.0], budget=3)


def test_a_function_has_a_start():
    with pytest.raises(ValueError, match="start must hold real numbers, got None"):
        bench.compare(lambda x: 1.0, budget=3)
