"""Tables as CSV, numbers and names as text."""

import json

import numpy as np
import pandas as pd
import pytest

from bench.interchange.csv import save_csv
from bench.measure.words import counted, interval, number, target_name
from bench.report.page import script_json
from bench.report.texts import plain


def test_csv_quotes_formulas_and_leaves_numbers(tmp_path):
    frame = pd.DataFrame(
        {"name": ["=1+1", "+a", "-b", "@c", "d", "", None], "x": [-1.5, np.inf, np.nan, 0, 1, 2, 3], "n": range(-3, 4)}
    )
    save_csv(frame, tmp_path / "a.csv")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines == ["name,x,n", "'=1+1,-1.5,-3", "'+a,inf,-2", "'-b,,-1", "'@c,0.0,0", "d,1.0,1", ",2.0,2", ",3.0,3"]


def test_csv_leaves_numbers_beside_texts_and_quotes_behind_blanks(tmp_path):
    save_csv(pd.DataFrame({"value": pd.Series([-0.5, "\n=1", " @x", "ok"], dtype=object)}), tmp_path / "a.csv")
    assert pd.read_csv(tmp_path / "a.csv").value.tolist() == ["-0.5", "'\n=1", "' @x", "ok"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (1.0, "1"), (12.345, "12.3"), (999.0, "999"), (1234.5, "1,230"), (99_960.0, "100,000"),
        (1.5e6, "1.50e+6"), (0.01234, "0.0123"), (1e-8, "1.00e-8"), (np.inf, "∞"), (-np.inf, "-∞"), (np.nan, "-"),
    ],
)  # fmt: skip
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_intervals_and_targets():
    assert interval(1.0, np.inf) == "[1, ∞]"
    assert interval(np.nan, np.nan) == ""
    assert target_name("gap", 1e-8) == "gap 1e-8"
    assert target_name("gap", 100.0) == "gap 1e2"
    assert target_name("gap", 2.5e-3) == "gap 2.5e-3"
    assert target_name("fraction", 0.1) == "0.1 of gain left"


def test_counted():
    assert [counted(n, "run") for n in (0, 1, 2000)] == ["0 runs", "1 run", "2,000 runs"]


def test_plain_names_have_no_mathematics():
    assert plain("$x$") == r"\$x\$"
    assert plain("a\nb\x00") == "a\ufffdb\ufffd"
    assert not plain("_a").startswith("_")


def test_script_json_cannot_end_its_script():
    data = {"</script>": ["<!--", "&amp;", "]]>", "\u2028"]}
    text = script_json(data)
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == data
    with pytest.raises(ValueError, match="JSON compliant"):
        script_json([np.nan])
