"""The bounds of pyproject.toml: each has a lower end, which `make lowest` tries, and holds the tested version."""

import tomllib

import pytest
from packaging.requirements import Requirement

from tests import lowest

DECLARED = tomllib.loads(lowest.PROJECT.read_text(encoding="utf-8"))["project"]
EXTRAS = list(DECLARED["optional-dependencies"])
REQUIREMENTS = [Requirement(text) for text in DECLARED["dependencies"]]
REQUIREMENTS += [Requirement(text) for extra in EXTRAS for text in DECLARED["optional-dependencies"][extra]]


def test_every_requirement_is_pinned_at_its_lower_bound():
    pins = [Requirement(pin) for pin in lowest.lowest(EXTRAS)]
    assert [(pin.name, pin.extras) for pin in pins] == [(each.name, each.extras) for each in REQUIREMENTS]
    for pin, requirement in zip(pins, REQUIREMENTS, strict=True):
        (version,) = pin.specifier
        assert f">={version.version}" in str(requirement.specifier)


def test_a_requirement_without_a_lower_bound_is_an_error(tmp_path, monkeypatch):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\ndependencies = ["numpy<3"]\n')
    monkeypatch.setattr(lowest, "PROJECT", file)
    with pytest.raises(ValueError, match="numpy<3 has no lower bound"):
        lowest.lowest([])


def test_the_tested_versions_are_within_the_bounds():
    lines = (lowest.PROJECT.parent / "constraints.txt").read_text(encoding="utf-8").splitlines()
    tested = {name.lower().replace("_", "-"): version for name, _, version in (line.partition("==") for line in lines)}
    for requirement in REQUIREMENTS:
        assert tested[requirement.name.lower()] in requirement.specifier, requirement
