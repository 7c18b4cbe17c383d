"""The page of a check."""

import numpy as np
import pandas as pd

from bench.report.regressions import write_check
from bench.track.check import COLOUR, Check


def made(name: str) -> Check:
    """An optimizer of this name that got twice as slow on one problem."""
    row = {
        "optimizer": name,
        "problem": "",
        "dim": np.nan,
        "p": 0.01,
        "adjusted": 0.02,
        "problems": 1,
        "runs": 5,
        "same": 0,
    }
    rows = [
        {**row, "measure": measure, "problem": problem, "dim": dim, "ratio": ratio, "low": ratio / 1.1,
         "high": ratio * 1.1, "change": change}
        for measure, ratio, change in (("cost", 2.0, "worse"), ("value", 1.0, "open"))
        for problem, dim in (("", np.nan), ("rosenbrock", 2.0))
    ]  # fmt: skip
    ratios = {
        f"{m}_{end}": value for m in ("cost", "value") for end, value in (("ratio", 2.0), ("low", 1.8), ("high", 2.2))
    }
    optimizers = pd.DataFrame(
        [{"optimizer": name, "verdict": "worse", "pairs": 5, "same": 0, "unexplained": 0, **ratios}]
    )
    code = {name: "--- base\n+++ new\n-    return 1 < 2\n+    return <script>\n"}
    return Check("before", "after", 0.1, pd.DataFrame(rows), optimizers, [("scipy", "1.14", "1.16")], code)


def test_the_page_says_what_got_worse_and_what_has_changed(tmp_path):
    text = write_check(made("walk"), tmp_path / "page").read_text()
    assert "after over before: of 1 optimizer on 1 problem, 1 worse." in text
    assert "rosenbrock, dim 2" in text
    assert '<span class="worse">2 [1.82, 2.2]</span>' in text
    assert "scipy: 1.14 → 1.16" in text
    assert "http" not in text.split("<body>")[1]  # nothing is fetched


def test_on_a_phone_a_row_is_a_card_that_begins_with_the_verdict(browser, tmp_path):
    path = write_check(made("walk"), tmp_path)
    place = "document.querySelector('#optimizers tbody tr').querySelector({!r}).getBoundingClientRect().{}"
    scrolled = "[...document.querySelectorAll('.scroll')].some((box) => box.scrollWidth > box.clientWidth)"
    browser.first = None  # it opens what `again` does not know of
    for width, card in ((390, True), (1280, False)):
        browser.size(width, 800)
        browser.driver.get(path.as_uri())
        tops = [browser.js(place.format(which, "top")) for which in ("th", ".outcome", "[data-label=pairs]")]
        assert (tops[0] < tops[1] < tops[2]) == card
        assert browser.js(place.format(".outcome", "right")) <= width
        assert not browser.js(scrolled)


def test_what_colour_means_is_said(tmp_path):
    text = write_check(made("walk"), tmp_path).read_text()
    assert COLOUR in text and "not adjusted for the number of problems" in COLOUR
    assert 'class="outcome flagged">worse<' in text


def test_names_and_code_are_text(tmp_path):
    text = write_check(made("<img src=x onerror=alert(1)>"), tmp_path).read_text()
    assert "<img" not in text
    assert "<script>" not in text
