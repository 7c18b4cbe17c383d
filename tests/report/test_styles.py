"""The looks of curves are told apart."""

import re
from itertools import combinations

import numpy as np
import pytest

from bench.report.page import TEMPLATES
from bench.report.styles import SHADES, optimizer_styles

# linear sRGB as dichromats see it: Machado, Oliveira & Fernandes 2009, doi:10.1109/TVCG.2009.113, table 1, severity 1
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# Ottosson 2020, A perceptual color space for image processing
TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def linear(color):
    channels = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def apart(first, second, sight):
    one, other = (TO_LAB @ np.cbrt(TO_CONES @ np.clip(SIGHTS[sight] @ linear(each), 0, 1)) for each in (first, second))
    return float(np.linalg.norm(one - other))


def test_black_and_white_are_one_apart():
    assert apart("#000000", "#ffffff", "normal") == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("sight", SIGHTS)
def test_colours_of_an_order_and_of_a_place_are_told_apart(sight):
    pairs = [pair for shades in SHADES.values() for pair in combinations(shades, 2)]
    pairs += [pair for place in zip(*SHADES.values(), strict=True) for pair in combinations(place, 2)]
    assert min(apart(*pair, sight) for pair in pairs) >= 0.08


def test_colours_stand_out_on_light_and_on_dark_pages():
    cards = re.findall(r"--card: (#[0-9a-f]{6})", (TEMPLATES / "page.css").read_text())
    assert len(cards) >= 2
    for color in (color for shades in SHADES.values() for color in shades):
        for card in cards:
            bright, dark = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (color, card))[::-1]
            assert (bright + 0.05) / (dark + 0.05) >= 2, (color, card)


@pytest.mark.parametrize("order", SHADES)
def test_eight_optimizers_of_an_order_differ_in_colour_or_dash(order):
    styles = [*optimizer_styles((f"optimizer-{i}", order) for i in range(8)).values()]
    assert len({(style.color, style.dash) for style in styles}) == 8
    assert len({style.color for style in styles[:4]}) == len({style.dash for style in styles[:4]}) == 4
