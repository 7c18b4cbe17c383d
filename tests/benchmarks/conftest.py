"""Results made by a formula and a browser, as the tests of the report have them."""

from tests.report.conftest import browser, grid, make_results  # noqa: F401
