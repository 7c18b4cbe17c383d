"""Which packages there are, the rest stands in pyproject.toml: in what is installed, `problems` and `optimizers` lie in
`bench`, as others may have modules of these names."""

from setuptools import find_packages, setup

INNER = ("problems", "optimizers")
setup(
    packages=[
        *find_packages(include=["bench", "bench.*"]),
        *(f"bench.{package}" for package in find_packages(include=[f"{name}.*" for name in INNER])),
    ],
    package_dir={f"bench.{name}": name for name in INNER},
)
