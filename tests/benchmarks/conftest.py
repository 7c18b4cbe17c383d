"""Results made by a formula and a browser, as the tests of the report have them."""

from tests.report.conftest import browser, grid, make_results  # noqa: F401


def pytest_benchmark_update_machine_info(config, machine_info):
    """What tells nothing of speed stays out of the saved files."""
    kept = {name: machine_info[name] for name in ("machine", "system", "python_implementation", "python_version")}
    cpu = {"brand_raw": machine_info["cpu"].get("brand_raw", "")}
    machine_info.clear()
    machine_info.update(**kept, cpu=cpu)


def pytest_benchmark_update_commit_info(config, commit_info):
    """The commit is enough."""
    commit_info.update(project="fogbench", branch="")
