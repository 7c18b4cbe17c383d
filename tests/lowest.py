"""The lower bounds that pyproject.toml declares, as requirements: `python -m tests.lowest zoo test` with extras."""

import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

from packaging.requirements import Requirement

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(extras: Sequence[str]) -> list[str]:
    """NAME==LOWER of each dependency, and of those of the extras. Raises ValueError for one without a lower bound."""
    project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    texts = [*project["dependencies"], *(text for extra in extras for text in project["optional-dependencies"][extra])]
    pins = []
    for requirement in map(Requirement, texts):
        bounds = [each.version for each in requirement.specifier if each.operator == ">="]
        if len(bounds) != 1:
            raise ValueError(f"{requirement} has no lower bound")
        of = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        pins.append(f"{requirement.name}{of}=={bounds[0]}")
    return pins


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
