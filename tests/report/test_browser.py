"""The page in a browser: what it draws, that one selection drives it all, and that it asks for nothing."""

import json
import re
import time

import numpy as np
import pandas as pd
import pytest

from bench.measure import words
from bench.measure.failed import of_one_problem
from bench.measure.verdicts import budgets
from bench.measure.words import number
from bench.report.page import write_report

HOSTILE = "</script><img src=x onerror=alert(1)>"
FIGURES = ("solved", "convergence", "profiles", "scaling", "costs")  # drawn by Plotly, from the made results
LAYOUT = "document.querySelector('#solved .js-plotly-plot').layout"


@pytest.fixture(scope="module")
def written(made, tmp_path_factory):
    """As that of the conftest, without its figures, which no page loads."""
    return write_report(made, tmp_path_factory.mktemp("hostile"), figures=False).parent


def test_it_asks_for_nothing_and_complains_of_nothing(browser, written):
    browser.open(written / "index.html")
    events = [json.loads(entry["message"])["message"] for entry in browser.log("performance")]
    asked = [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]
    assert asked  # the page itself: the log is on
    assert {url.split(":")[0] for url in asked} <= {"file", "blob", "data"}
    assert len([url for url in asked if url.startswith("file")]) == 1
    assert browser.console() == []


def test_errors_of_a_page_would_be_seen(browser, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("<html data-drawn=yes><script>setTimeout(() => { throw new Error('lost in fog') })</script>")
    browser.open(page)
    time.sleep(0.3)
    assert any("lost in fog" in line for line in browser.console())


def test_a_page_that_is_led_back_is_as_it_was_opened(page, plain):
    opened = page.first
    page.click("#bar .orders button", "order 0")
    page.again(plain[1])
    assert page.first is opened
    page.js("document.querySelector('#problems').open = true")  # which no address holds
    page.again(plain[1])
    assert page.first is not opened
    assert not page.js("document.querySelector('#problems').open")


def test_every_chart_is_drawn(page):
    for section in FIGURES:
        assert page.js(f"document.querySelectorAll('#{section} .main-svg').length"), section
    for section in ("solved", "convergence", "profiles"):
        assert page.js(f"document.querySelectorAll('#{section} .js-line').length") >= 3, section
    counts = page.counts()
    assert {name: n for name, n in counts.items() if not n} == {}
    assert page.js("[...document.querySelectorAll('section:not([hidden]) h2')].length") > 10


def test_paths_are_drawn_on_the_landscape_and_played(page):
    colors = """((canvas) => new Set(new Uint32Array(canvas.getContext('2d').getImageData(0, 0, canvas.width,
        canvas.height).data.buffer)).size)(document.querySelector('#landscape canvas'))"""
    assert page.js(colors) > 50
    image = "document.querySelector('#landscape canvas').toDataURL()"
    before, clock = page.js(image), page.texts("#landscape output")
    page.js("document.querySelector('#landscape input').focus()")
    page.keys("\ue011")  # Home: the start
    page.until(f"{image} !== {json.dumps(before)}")
    assert page.texts("#landscape output") != clock
    start = page.js(image)
    page.js("document.querySelector('#landscape .player button').click()")
    page.until(f"{image} !== {json.dumps(start)}")
    assert page.console() == []


def test_one_selection_drives_all(page):
    before, answer = page.counts(), page.texts("#answer > .body td")
    page.click("#bar .orders button", "order 0")
    page.click("#bar .orders button", "order 2")
    after = page.counts()  # only the five of order 1 are left
    assert (after["ert columns"], after["pairs"], after["costs"], after["paths"]) == (5, 5, 5, 5)
    assert {len(page.traces(section)) for section in ("solved", "convergence", "profiles")} == {5}
    assert (before["failures"], after["failures"]) == (2, 1)
    assert page.texts("#answer > .body td") == answer  # that of all optimizers, whoever is selected
    assert page.texts("#bar .optimizers summary b") == ["5 of 15"]
    page.click("#bar .families .choice:nth-child(1) .only")
    some = page.counts()
    assert some["answer rows"] == 2  # all problems, and this family
    assert 0 < some["ert rows"] < after["ert rows"]
    page.click("#bar .reset")
    assert page.counts() == before


def test_families_drive_all(page):
    before = page.counts()
    names = page.texts("#bar .families .choice .name")
    page.click("#bar .families .choice input")  # one less
    after = page.counts()
    assert after["answer rows"] == before["answer rows"] - 1
    assert after["ert rows"] < before["ert rows"]
    options = page.texts("#convergence select option")
    assert options
    assert not any(option.startswith(names[0]) for option in options)
    page.click("#bar .families .none")
    assert page.texts("#answer > .empty") == ["No family is selected."]
    assert page.console() == []


def test_price_and_scale_drive_all(page):
    def axis(section: str) -> list:
        return page.js(f"((x) => [x.type, x.title.text])({LAYOUT.replace('solved', section)}.xaxis)")

    assert axis("solved") == axis("convergence") == ["log", "cost, in full evaluations"]
    first = page.texts("#ert tbody td")
    page.choose("#bar .price select", "differences")
    assert axis("solved") == axis("convergence") == ["log", "values, derivatives by differences"]
    assert page.texts("#ert tbody td") != first
    page.click("#bar .scale button", "linear")
    assert axis("solved")[0] == axis("convergence")[0] == "linear"


def test_lines_of_solved(page, plain):
    results, _ = plain
    for lines, n in (("order", 3), ("best", 3), ("family", 5), ("dim", 2)):
        page.choose("#solved .controls label:nth-child(1) select", lines)
        assert len(page.traces("solved")) == n, lines
    one = results.runs.problem.iloc[0]
    page.choose("#solved .controls label:nth-child(1) select", "order")
    page.choose("#solved .controls label:nth-child(2) select", f"{one}, dim 2")
    assert "75 runs on 1 problem" in page.texts("#solved .says")[0]


def test_names_add_and_remove_curves(page):
    shown = page.traces("solved")
    hidden = "#solved .legend button[aria-pressed=false]"
    assert page.texts(hidden)  # a crowded chart shows the best of each order first
    page.click(hidden)
    assert len(page.traces("solved")) == len(shown) + 1
    page.click("#solved .legend .group")
    page.click("#solved .legend .group")
    assert page.texts(f"#solved .legend div:first-child {'button[aria-pressed=true]:not(.group)'}") == []


# the answer


def test_answer_is_that_of_the_frames(page, plain, frames):
    table = frames.tables["answer"]
    of_one = of_one_problem(frames.views[0], table.budget.max())
    table = table[table.budget == table.budget.max()]
    families = page.texts("#answer > .body tbody th .name")
    assert families == ["all problems", *sorted(set(plain[0].runs.family))]
    for n, family in enumerate(["all", *families[1:]], start=1):
        for column, among in enumerate(["all", "0", "1", "2"], start=2):
            row = table[(table.family == family) & (table.among == among)].iloc[0]
            cell = f"#answer > .body tbody tr:nth-child({n}) td:nth-child({column})"
            if not row.optimizer:
                assert page.texts(f"{cell} .none") == [row.reason]
                continue
            assert page.texts(f"{cell} .name") == [row.optimizer]
            texts = words.best_texts(of_one[family, among]) if row.problems == 1 else (words.percent(row.solved),)
            assert page.texts(f"{cell} b") == [texts[0]]
            mark = words.mark(row)
            assert page.texts(f"{cell} .how :is(.significant, .open)") == ([mark["text"]] if mark else [])


def test_the_answer_says_how_many_tests_and_limits_there_are(page, plain, frames):
    """Where every question counts 1, budgets end those that ask for slopes first."""
    table = frames.tables["answer"]
    table = table[(table.budget == table.budget.max()) & (table["among"] == "all")].set_index("family")
    assert table.tests.min() < table.tests.max()  # in control some could not run
    for n, family in enumerate(["all", *sorted(set(plain[0].runs.family))], start=1):
        page.js(f"document.querySelector('#answer > .body tbody tr:nth-child({n}) button').focus()")
        page.until("document.querySelector('.hint:not([hidden])')")
        assert f" (corrected for {table.tests[family]} pairs of optimizers at all budgets)." in page.texts(".hint")[0]
    assert "a budget ended" not in page.texts("#answer .says")[0]
    page.choose("#bar .price select", "passes")
    assert re.search(r"^Within .* \(down to \S+ on \d+ problems\), over all", page.texts("#answer .verdict")[0])
    assert re.search(
        r"On \d+ of 20 problems a budget ended some optimizers before others", page.texts("#answer .says")[0]
    )


def test_equal_answers_are_said_to_be_equal(browser, make_results, tmp_path):
    results = make_results(3, 1, 5, 30, hostile=False)
    runs, events = results.runs, results.trajectories
    twins = runs.assign(run=runs.run + len(runs), optimizer="twin")
    results.runs = pd.concat([runs, twins], ignore_index=True)
    results.trajectories = pd.concat([events, events.assign(run=events.run + len(runs))], ignore_index=True)
    browser.open(write_report(results, tmp_path, figures=False))
    assert "of the targets" in browser.texts("#answer .verdict")[0]
    assert ", a tie with twin" in browser.texts("#answer .verdict")[0]


def test_where_no_curve_stands_out_some_are_shown(browser, make_results, tmp_path):
    """None of 15 optimizers reached the target: the page shows what the failures of some still allow."""
    results = make_results(problems=12, seeds=2, events=20, hostile=False)
    results.runs = results.runs[results.runs.problem == "rosenbrock"]
    results.runs = results.runs.assign(f_opt=results.runs.f_opt - 1e-3)
    browser.open(write_report(results, tmp_path, figures=False))
    browser.choose("#scaling .controls label:nth-child(1) select", "rosenbrock")
    browser.choose("#scaling .controls label:nth-child(2) select", "gap 1e-4")
    assert len(set(browser.traces("scaling"))) == 9  # three of each order
    assert "not reached" in browser.texts("#scaling .legend small")[0]


def test_budgets_change_the_answer(page):
    before = page.texts("#answer > .body td b")
    page.click("#answer .budgets button")
    assert page.texts("#answer > .body td b") != before
    assert page.texts("#answer .verdict")[0].startswith("Within a cost of 10, ")
    assert "budget=10" in page.driver.current_url


def test_problem_by_problem_is_best_optimizers(page, frames):
    table = frames.tables["best"]
    page.js("document.querySelector('#problems').open = true")
    page.until("document.querySelectorAll('#problems tbody tr').length > 0")
    rows = page.js("""[...document.querySelectorAll('#problems tbody tr')].map((row) => [...row.cells].map((cell) =>
        [cell.querySelector('.name, .none')?.textContent, cell.textContent]))""")
    assert len(rows) == len(table[table["among"] == "all"])
    for (problem, head), *cells in rows:
        dim = int(head.split("dim ")[1])
        for (name, text), among in zip(cells, ["all", "0", "1", "2"], strict=True):
            row = table[(table.problem == problem) & (table.dim == dim) & (table["among"] == among)].iloc[0]
            if not row.optimizer:
                assert name == row.reason
                continue
            assert name == row.optimizer
            assert " · ".join(words.best_texts(row)) in text
            if among == "all":
                assert ("significantly best" in text) == row.significant
                assert all(remark["text"] in text for remark in words.remarks(row, row))


# the table


def test_table_is_sorted_by_any_column(page):
    page.choose("#ert .controls select", "gap 1e0")

    def column() -> list[float]:
        cells = page.js("""[...document.querySelectorAll('#ert tbody tr')].map((row) =>
            row.cells[2].querySelector('button span')?.textContent ?? '-')""")
        return [np.inf if text == "∞" else np.nan if text == "-" else float(text.replace(",", "")) for text in cells]

    page.click("#ert thead th:nth-child(3) button")
    rising = [value for value in column() if not np.isnan(value)]
    assert rising == sorted(rising)
    assert len(set(rising)) > 2
    assert page.js("document.querySelector('#ert thead th:nth-child(3)').getAttribute('aria-sort')") == "ascending"
    page.click("#ert thead th:nth-child(3) button")
    assert [value for value in column() if not np.isnan(value)] == rising[::-1]
    page.click("#ert thead th:nth-child(1) button")
    names = page.texts("#ert tbody th .name")
    page.click("#ert thead th:nth-child(1) button")
    assert page.texts("#ert tbody th .name") == names[::-1]


def test_table_holds_the_frame(page, frames):
    table = frames.tables["ert"]
    page.choose("#ert .controls select", "gap 1e-1")
    own = table[(table.kind == "gap") & np.isclose(table.target, 0.1)]
    assert page.counts()["ert rows"] == len(own[["problem", "dim"]].drop_duplicates())
    assert len(page.texts("#ert tbody td button")) == (own.runs > 0).sum()
    found = sum(text.startswith("∞") for text in page.texts("#ert tbody td button"))
    assert found == np.isinf(own.ert).sum()


def test_table_is_filtered(page):
    rows = page.counts()["ert rows"]
    page.js("document.querySelector('#ert input[type=search]').focus()")
    page.keys("ROSEN dim 5")
    page.until("document.querySelectorAll('#ert tbody tr').length === 1")
    page.drawn()
    assert page.texts("#ert .status") == [f"1 row of {rows}."]
    assert "ert.filter=ROSEN" in page.driver.current_url


@pytest.mark.parametrize("clipboard", [True, False], ids=["clipboard", "without"])
def test_table_is_copied(page, clipboard):
    """Where there is no clipboard the old way takes over: what is selected is copied, and caught here on its way."""
    if clipboard:
        page.js("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    else:
        page.js("navigator.clipboard.writeText = () => Promise.reject(new Error('no clipboard'))")
        page.js("document.execCommand = () => { window.copied = document.activeElement.value; return true; }")
    page.choose("#ert .controls select", "gap 1e-1")
    copies = {}
    for kind in ("TSV", "CSV", "Markdown"):
        page.js("delete window.copied")
        page.click("#ert .controls button", kind)
        page.until("window.copied !== undefined")
        copies[kind] = page.js("window.copied").splitlines()
    page.until("document.querySelector('#ert .status').textContent.startsWith('Copied')")
    rows = page.counts()["ert rows"]
    assert [len(lines) for lines in copies.values()] == [1 + rows, 1 + rows, 2 + rows]
    head = copies["TSV"][0].split("\t")
    assert head[:3] == ["problem", "dim", "target"]
    assert "random-search" in head
    assert "'=cmd|' /C calc'!A1" in head  # a spreadsheet would run it
    assert {len(line.split("\t")) for line in copies["TSV"]} == {3 + 5 * 15}
    assert {line.count("|") - line.count("\\|") for line in copies["Markdown"]} == {4 + 15}
    assert not page.texts("#ert textarea")


def test_a_cell_shows_its_runs(page):
    page.choose("#ert .controls select", "gap 1e0")
    page.click("#ert tbody td button")
    assert page.js("document.querySelector('#ert dialog').open")
    assert len(page.texts("#ert dialog tbody tr")) == 5
    assert page.texts("#ert dialog thead th") == ["instance", "seed", "status", "runtime", "best f"]
    assert page.texts("#ert dialog tbody td:nth-child(2)") == ["0", "1", "2", "3", "4"]
    page.keys("\ue00c")  # Escape
    assert not page.js("document.querySelector('#ert dialog').open")


# the address


def test_the_address_keeps_the_view(page):
    page.click("#bar .orders button", "order 0")
    page.choose("#bar .price select", "passes")
    page.choose("#convergence .controls select", "rosenbrock, dim 5")
    page.click("#answer .budgets button")
    before, answer, address = page.counts(), page.texts("#answer td"), page.driver.current_url
    assert "price=passes" in address
    page.driver.refresh()
    page.drawn()
    assert (page.counts(), page.texts("#answer td"), page.driver.current_url) == (before, answer, address)
    page.driver.back()
    page.until("!location.hash.includes('budget')")
    page.drawn()
    assert page.texts("#answer td") != answer
    page.driver.back()
    page.until("!location.hash.includes('convergence')")
    page.driver.forward()
    page.until("location.hash.includes('convergence')")
    page.drawn()
    assert page.js("document.querySelector('#convergence select').value") == "rosenbrock, dim 5"


def test_another_address_is_another_view(browser, plain):
    browser.open(plain[1], "#ert&optimizers=scipy-cg,trust-region&scale=linear&ert.target=gap 1e0")
    assert browser.counts()["ert columns"] == 2
    assert browser.js("document.querySelector('#ert select').value") == "gap 1e0"
    assert browser.js(f"{LAYOUT}.xaxis.type") == "linear"
    browser.until("document.querySelector('#ert').getBoundingClientRect().top < innerHeight / 2")


def test_bad_addresses_are_ignored(browser, plain):
    browser.open(plain[1])
    before = browser.counts()
    bad = "#nowhere&optimizers=nobody&no-families=%E0%A4%A&price=gold&scale=&budget=-1&convergence.problem=x"
    worse = "&__proto__=1&constructor=2&ert.sort=nobody&solved.lines=__proto__&=&&%&ert.target=</script>"
    browser.open(plain[1], bad + worse)
    assert browser.counts() == before
    assert browser.console() == []


def test_links_go_to_sections(page):
    page.js("document.querySelector('#bar .sections').open = true")
    page.click("#bar nav a", "Repeat it")
    page.until("Math.abs(document.querySelector('#repeat').getBoundingClientRect().bottom - innerHeight) < innerHeight")
    assert page.driver.current_url.endswith("#repeat")
    assert not page.js("document.querySelector('#bar .sections').open")


# looks


def test_dark_mode(browser, plain):
    colors = {}
    background, font = "getComputedStyle(document.body).backgroundColor", f"{LAYOUT}.font.color"
    for scheme in ("light", "dark"):
        browser.open(plain[1], color_scheme=scheme)
        colors[scheme] = browser.js(f"[{background}, {font}]")
    assert all(light != dark for light, dark in zip(*colors.values(), strict=True))
    browser.media(color_scheme="light")  # while the page is open
    browser.until(f"{font} === '{colors['light'][1]}'")


def test_columns_come_in_the_order_of_what_is_solved_and_marks_stand_upright(page, plain, frames):
    ranked = frames.ranked
    for section in ("#ert", "#values"):
        heads = page.js(f"[...document.querySelectorAll('{section} thead .name')].map((n) => n.textContent)")
        assert [name for name in heads if name in ranked] == ranked, section
    scores = plain[0].scores(budgets=[frames.views[0].of(budgets)[-1]])
    solved = scores[scores.family == "all"].set_index("optimizer").solved[ranked].dropna()
    assert solved.is_monotonic_decreasing
    turned = page.js("[...document.querySelectorAll('#pairs thead .failed')].map((n) => getComputedStyle(n).transform)")
    assert turned
    assert {each.split("(")[0] for each in turned} == {"matrix"}  # turned back, against the head that is turned


def test_390_pixels_are_enough(browser, written):
    browser.open(written / "index.html", width=390, height=844)
    assert browser.js("document.documentElement.scrollWidth") <= 390
    cut = "[...document.querySelectorAll('#answer > .body .name')].filter((n) => n.scrollWidth > n.clientWidth).length"
    assert browser.js(cut) == 0
    label = "document.querySelector('#bar .price')"
    assert float(browser.js(f"getComputedStyle({label}).fontSize").removesuffix("px")) > 10
    assert browser.js(f"{label}.innerText").startswith("Price")
    for menu in ("optimizers", "families", "sections"):
        browser.js(f"document.querySelector('#bar .{menu}').open = true")
        left, right = browser.js(
            f"((box) => [box.left, box.right])(document.querySelector('#bar .{menu} .panel').getBoundingClientRect())"
        )
        assert left >= 0
        assert right <= 390
    browser.js("document.querySelector('#problems').open = true")
    assert browser.js("document.documentElement.scrollWidth") <= 390
    wide = browser.js("[...document.querySelectorAll('.main-svg')].map((svg) => svg.getBoundingClientRect().width)")
    assert max(wide) <= 390


def test_a_race_fits_a_phone(browser, make_results, tmp_path):
    """Names on a line of their own: beside a bar and a text they broke within words."""
    results = make_results(problems=1, optimizers=7, events=10, hostile=False)
    results.runs = results.runs.assign(raced=True)
    browser.open(write_report(results, tmp_path, figures=False), width=390, height=844)
    names = browser.texts("#race th .name")
    assert len(names) == 7 and "nevergrad-CMA" in names
    lines = "[...document.querySelectorAll('#race th .name')].map((name) => name.getClientRects().length)"
    assert set(browser.js(lines)) == {1}
    right = "[...document.querySelectorAll('#race tr > *')].map((cell) => cell.getBoundingClientRect().right)"
    assert max(browser.js(right)) <= 375
    browser.size(1280)
    assert browser.js("document.querySelector('#race tr').getBoundingClientRect().height") < 60


def test_print_hides_controls_and_is_light(browser, plain):
    browser.open(plain[1], color_scheme="dark")
    browser.size(718, 1000)
    browser.media(media="print", color_scheme="dark")
    browser.until(f"{LAYOUT}.width === 680")
    assert browser.js("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for hidden in ("#bar", "#ert .controls", "#solved .controls"):
        assert browser.js(f"document.querySelector('{hidden}').offsetParent === null"), hidden
    wide = "[...document.querySelectorAll('.main-svg, .scroll > table')]"
    assert max(browser.js(f"{wide}.map((node) => node.getBoundingClientRect().right)")) <= 718
    browser.media(color_scheme="dark")
    browser.until(f"{LAYOUT}.width !== 680")


def test_keyboard(page):
    """All controls are reached by Tab, in sight and with a name; Escape closes what is open."""
    page.keys("\ue004")  # Tab
    assert page.js("document.activeElement.className") == "skip"
    seen = []
    for _ in range(12):
        page.keys("\ue004")
        seen.append(
            page.js("((node) => node.closest('#bar') && node.tagName + node.textContent)(document.activeElement)")
        )
    assert next(text for text in seen if text and text.startswith("SUMMARY")).startswith("SUMMARYOptimizers")
    assert {"BUTTONlog", "BUTTONlinear"} <= set(seen)
    unnamed = page.js("""[...document.querySelectorAll('button, select, input, summary, a')].filter((node) =>
        node.offsetParent && !(node.textContent.trim() || node.ariaLabel || node.labels?.length)).length""")
    assert unnamed == 0
    page.js("document.querySelector('#bar .optimizers summary').focus()")
    page.keys("\ue007")  # Enter
    page.until("document.activeElement.type === 'search'")
    page.keys("torch", "\ue004")
    visible = "[...document.querySelectorAll('#bar .optimizers .choice:not([hidden]) .name')].map((n) => n.textContent)"
    assert all("torch" in name for name in page.js(visible))
    page.keys("\ue00c")
    assert not page.js("document.querySelector('#bar .optimizers').open")
    assert page.js("document.activeElement.tagName") == "SUMMARY"


def test_hints_name_the_others(page):
    button = "#answer > .body button.open"
    assert page.js(f"document.querySelector('#hint').hidden && Boolean(document.querySelector('{button}'))")
    page.js(f"document.querySelector('{button}').focus()")
    assert page.texts("#hint")[0].startswith("Does not significantly beat: ")
    page.keys("\ue00c")
    assert page.js("document.querySelector('#hint').hidden")


def test_hostile_names_are_text(browser, written):
    browser.open(written / "index.html")
    browser.js("document.querySelector('#problems').open = true")
    for section in ("solved", "convergence"):
        browser.click(f"#{section} .legend .group")  # the hostile one too
    assert any(HOSTILE in name for name in browser.texts("#solved .legend .name"))
    assert any(HOSTILE in name for name in browser.texts("#ert thead .name"))
    assert not browser.js("document.querySelectorAll('img, main b b, table b b').length")
    names = "[...document.querySelectorAll('.name:not(#failures .name, #values .name)')]"  # those have dots inside
    assert browser.js(f"{names}.every((node) => !node.children.length)")
    assert browser.console() == []


# little or nothing


def only_skips(results):
    results.runs = results.runs[results.runs.status == "skipped"].assign(f_opt=None)
    results.trajectories = results.trajectories.iloc[:0]


def nothing_finite(results):
    results.runs = results.runs.assign(first=np.nan, best=np.nan, final=np.nan, status="diverged")
    results.trajectories = results.trajectories.assign(f=np.nan)


def only_lanes(results):
    results.runs = results.runs.assign(lanes=8)


def long_names(results):
    names = {"spsa": "s" * 10_000, "gradient-descent": "\u202e\u05d0\u05d1 'x\" \n y"}
    results.runs = results.runs.replace({"optimizer": names})


@pytest.mark.parametrize(
    ("size", "change", "says"),
    [
        ((1, 1, 1, 5), None, "1 problem, 1 optimizer, 1 run"),
        ((2, 1, 5, 5), None, "2 problems, 1 optimizer"),
        ((1, 8, 5, 5), None, "1 problem, 8 optimizers"),
        ((10, 9, 2, 5), only_skips, "4 were skipped"),
        ((2, 8, 5, 5), nothing_finite, "no optimizer reached any target"),
        ((2, 8, 2, 5), only_lanes, "2 problems"),
        ((2, 8, 2, 5), long_names, "8 optimizers"),
    ],
    ids=["one-run", "one-optimizer", "one-problem", "only-skips", "nan", "lanes", "long-names"],
)  # fmt: skip
def test_pages_of_little_say_so(browser, make_results, request, tmp_path, size, change, says):
    results = make_results(*size)
    if change is only_lanes:  # whose seconds are not alike
        request.getfixturevalue("every_price")
    if change:
        change(results)
    browser.open(write_report(results, tmp_path, figures=False))
    assert says in browser.js("document.body.innerText")
    assert browser.console() == []
    assert browser.js("document.documentElement.scrollWidth") <= 1280
    for price in browser.js("[...document.querySelectorAll('#bar .price option')].map((option) => option.value)"):
        browser.choose("#bar .price select", price)
    assert browser.console() == []


def test_the_cell_of_a_frame_is_where_it_belongs(page, frames):
    """The expected runtime of one optimizer on one problem, as the page shows it."""
    table = frames.tables["ert"]
    page.choose("#ert .controls select", "gap 1e0")
    name = page.texts("#ert thead th")[4].strip()
    row = table[(table.optimizer == name) & (table.problem == "rosenbrock") & (table.dim == 2) & (table.target == 1)]
    shown = page.js("""[...document.querySelectorAll('#ert tbody tr')].find((row) =>
        row.cells[0].textContent.startsWith('rosenbrock dim 2')).cells[4].querySelector('span').textContent""")
    assert shown == number(row.ert.iloc[0])
