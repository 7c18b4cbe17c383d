"""Our optimizers: the package that lies beside `bench`, found by its place. A wheel has that package itself here."""

from pathlib import Path

__path__ = [str(Path(__file__).resolve().parents[2] / "optimizers")]
