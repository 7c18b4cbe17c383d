"""Functions given by a table: a handful of hills or holes, each with a place, a width and a height."""

from math import pi
from typing import Literal

import numpy as np
from array_api_compat import array_namespace

from bench.core import Array, Objective, problem

from .toy import moved, placed, toy

DIXON = "Dixon & Szegö 1978, Towards Global Optimisation 2, ISBN 978-0-444-85171-0"
HARTMAN = f"Hartman 1973, Naval Research Logistics Quarterly 20(3), 569-576; {DIXON}"
HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])


def hills(z: Array, heights: Array, rates: Array, places: Array) -> Array:
    """-sum of heights exp(-sum of rates (z - places)^2): z (*points, dim), heights (m,), rates and places (m, dim)."""
    return -(heights * array_namespace(z).exp(-(rates * (z[..., None, :] - places) ** 2).sum(-1))).sum(-1)


@toy(
    source=HARTMAN,
    box=(0.0, 1.0),
    dim=3,
    x_opt=(0.11458887665506897, 0.55564889461693004, 0.85254698468667744),
    f_opt=-3.8627797873326625,
    constants={
        "heights": HEIGHTS,
        "rates": np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]]),
        "places": 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]]),
    },
)
def hartmann_3(z: Array, heights: Array, rates: Array, places: Array) -> Array:
    """Four Gaussian holes in the unit cube, wide in one coordinate and narrow in another. Minimum -3.86278."""
    return hills(z, heights, rates, places)


@toy(
    source=HARTMAN,
    box=(0.0, 1.0),
    dim=6,
    x_opt=(
        0.20168951100670542,
        0.15001069182345797,
        0.47687397422189699,
        0.27533243049405607,
        0.31165161660011324,
        0.65730053406562031,
    ),
    f_opt=-3.3223680114155148,
    constants={
        "heights": HEIGHTS,
        "rates": np.array(
            [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
        ),
        "places": 1e-4
        * np.array(
            [
                [1312, 1696, 5569, 124, 8283, 5886],
                [2329, 4135, 8307, 3736, 1004, 9991],
                [2348, 1451, 3522, 2883, 3047, 6650],
                [4047, 8828, 8732, 5743, 1091, 381],
            ]
        ),
    },
)
def hartmann_6(z: Array, heights: Array, rates: Array, places: Array) -> Array:
    """Four Gaussian holes in the six-dimensional unit cube. Minimum -3.32237."""
    return hills(z, heights, rates, places)


FOXHOLES = np.array(
    [
        [4, 4, 4, 4],
        [1, 1, 1, 1],
        [8, 8, 8, 8],
        [6, 6, 6, 6],
        [3, 7, 3, 7],
        [2, 9, 2, 9],
        [5, 5, 3, 3],
        [8, 1, 8, 1],
        [6, 2, 6, 2],
        [7, 3.6, 7, 3.6],
    ]
)
WIDTHS = np.array([0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5])
SHEKEL = {  # number of holes -> (f_opt, x_opt)
    5: (-10.153199679058227, (4.0000371528196762, 4.0001332765915601, 4.0000371528196762, 4.0001332765915601)),
    7: (-10.402940566818661, (4.0005729161858233, 4.0006893661853042, 3.9994897088591506, 3.9996061588586315)),
    10: (-10.536409816692043, (4.0007465315920467, 4.0005929341385320, 3.9996633980403223, 3.9995098005868076)),
}


@problem(family="toys", source=f"Shekel 1971, Proc. 5th Princeton Conf. Information Sciences; {DIXON}")
def shekel(holes: Literal[5, 7, 10] = 10, instance: int = 1) -> Objective:
    """Foxholes in four dimensions: -sum of 1 / (|z - place|^2 + width). Minimum -10.1532, -10.4029 or -10.5364.

    holes: how many of the table's there are. The deepest is near (4, 4, 4, 4).
    """
    f_opt, x_opt = SHEKEL[holes]
    return placed(
        shifted_shekel,
        dim=4,
        instance=instance,
        box=(0.0, 10.0),
        x_opt=x_opt,
        f_opt=f_opt,
        constants={"places": FOXHOLES[:holes], "widths": WIDTHS[:holes]},
    )


def shekel_holes(z: Array, places: Array, widths: Array) -> Array:
    """z (*points, 4), places (m, 4), widths (m,) -> (*points)."""
    return -(1 / (((z[..., None, :] - places) ** 2).sum(-1) + widths)).sum(-1)


shifted_shekel = moved(shekel_holes)


@toy(
    source="Bersini et al. 1996, doi:10.1109/ICEC.1996.542670; Jamil & Yang 2013, arXiv:1308.4008",
    box=(0.0, 10.0),
    x_opt=(2.0029921199344654, 1.0060959402921885),
    f_opt=-5.1621261599639825,
    constants={
        "heights": np.array([1.0, 2.0, 5.0, 2.0, 3.0]),
        "places": np.array([[3.0, 5.0], [5.0, 2.0], [2.0, 1.0], [1.0, 4.0], [7.0, 9.0]]),
    },
)
def langermann(z: Array, heights: Array, places: Array) -> Array:
    """-sum of heights exp(-d / pi) cos(pi d) with d = |z - place|^2: five fading ripples. Minimum -5.1621."""
    xp = array_namespace(z)
    d = ((z[..., None, :] - places) ** 2).sum(-1)
    return -(heights * xp.exp(-d / pi) * xp.cos(pi * d)).sum(-1)


GRID_OF_HOLES = np.array([(a, b) for b in (-32, -16, 0, 16, 32) for a in (-32, -16, 0, 16, 32)], dtype=np.float64)


@toy(
    source="De Jong 1975, PhD thesis, University of Michigan, F5, after Shekel 1971",
    box=(-65.536, 65.536),
    x_opt=(-31.978334835656970, -31.978334837300795),
    f_opt=0.99800383779445025,
    constants={"places": GRID_OF_HOLES, "numbers": np.arange(1.0, 26.0)},
)
def foxholes(z: Array, places: Array, numbers: Array) -> Array:
    """1 / (1/500 + sum over j of 1 / (j + sum of (z - place_j)^6)): 25 narrow holes in a plain of height 500.

    Hole j is about j deep; the first, near (-32, -32), is the minimum, 0.998.
    """
    return 1 / (0.002 + (1 / (numbers + ((z[..., None, :] - places) ** 6).sum(-1))).sum(-1))
