"""The data of the learning problems: facts of their sources, Cover's theorem, and IDX files made here."""

import gzip
import re
import struct
from collections.abc import Callable
from math import comb, sqrt
from pathlib import Path

import numpy as np
import pytest

from bench.core.answers import Answers
from bench.core.registry import find_problem, load
from bench.problems.learning import idx
from bench.problems.learning.datasets import split
from bench.problems.learning.dichotomies import least_hinge
from bench.problems.learning.synthetic import dichotomy, moons, spirals

load(("bench.problems",))


@pytest.mark.parametrize(
    ("data", "features", "counts"),
    [
        ("iris", 4, [50, 50, 50]),  # rows of each class, as the sources say
        ("wine", 13, [59, 71, 48]),
        ("breast-cancer", 30, [212, 357]),
        ("diabetes", 10, [442]),
    ],
)
def test_tables_hold_the_rows_of_their_source(data: str, features: int, counts: list[int]) -> None:
    whole = None
    for instance in (1, 2):
        table = split(data, instance)
        assert len(table.train["targets"]) == 4 * sum(counts) // 5
        rows = np.concatenate([np.c_[part["inputs"], part["targets"]] for part in (table.train, table.test)])
        assert rows.shape == (sum(counts), features + 1)
        if table.classes:
            assert np.bincount(rows[:, -1].astype(int)).tolist() == counts
        rows = rows[np.lexsort(rows.T)]
        whole = rows if whole is None else whole
        np.testing.assert_array_equal(rows, whole)


def test_moons_without_noise_are_half_circles() -> None:
    inputs, classes = moons(1, rows=100, noise=0.0)
    assert np.bincount(classes).tolist() == [50, 50]
    upper, lower = inputs[classes == 0], inputs[classes == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(*(lower - [1, 0.5]).T), 1)
    assert upper[:, 1].min() >= 0
    assert lower[:, 1].max() <= 0.5


def test_spirals_are_those_of_lang_and_witbrock() -> None:
    (inputs, classes), (between, _) = spirals(1)
    assert np.bincount(classes).tolist() == [97, 97]
    np.testing.assert_allclose(inputs[0], [0, 6.5], atol=1e-12)
    np.testing.assert_allclose(inputs[8], [6, 0], atol=1e-12)  # a quarter of a turn on: 6.5 * 96 / 104
    np.testing.assert_allclose(inputs[96], [0, 0.5], atol=1e-12)  # after three turns
    np.testing.assert_allclose(inputs[97:], -inputs[:97])
    assert np.hypot(*between[0]) == pytest.approx(6.5 * 103.5 / 104)
    turned = spirals(2)[0][0]
    np.testing.assert_allclose(np.hypot(*turned.T), np.hypot(*inputs.T))
    assert not np.allclose(turned, inputs)


@pytest.mark.parametrize("points", [8, 12, 16])
def test_a_plane_separates_as_many_dichotomies_as_cover_counts(points: int) -> None:
    inputs, runs = 5, 200
    # a plane with an offset has inputs + 1 coordinates: C(p, n + 1) of the 2^p dichotomies, here 1/2 where p = 12
    share = 2 * sum(comb(points - 1, k) for k in range(inputs + 1)) / 2**points
    separated = [least_hinge(*dichotomy(k, points, inputs))[0] < 1e-9 for k in range(1, runs + 1)]
    assert abs(np.mean(separated) - share) < 3 * sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize("instance", [1, 2, 3])
def test_the_least_hinge_is_0_where_there_are_no_more_points_than_coordinates(instance: int) -> None:
    objective = find_problem("dichotomies").make(points=30, inputs=29, instance=instance)
    assert objective.f_opt == pytest.approx(0, abs=1e-9)
    assert float(objective.f(objective.x_opt)) == pytest.approx(0, abs=1e-5)
    assert float(Answers(objective, "numpy").metrics(objective.x_opt)["test_accuracy"]) == 1
    assert find_problem("dichotomies").make(points=30, inputs=29, widths=(4,)).f_opt is None


# IDX files


def idx_bytes(array: np.ndarray, code: int) -> bytes:
    header = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(idx.TYPES[code]).tobytes()


@pytest.mark.parametrize("code", [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E])
@pytest.mark.parametrize("zipped", [False, True])
def test_every_type_is_read(tmp_path: Path, code: int, zipped: bool) -> None:
    array = np.arange(24).reshape(2, 3, 4)
    path = tmp_path / ("numbers.gz" if zipped else "numbers")
    content = idx_bytes(array, code)
    path.write_bytes(gzip.compress(content) if zipped else content)
    found = idx.read(path)
    np.testing.assert_array_equal(found, array)
    assert found.dtype == np.dtype(idx.TYPES[code]).newbyteorder("=")


def test_bytes_are_those_of_the_format(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(bytes.fromhex("00000b01 00000002 0102 fffe"))  # two shorts: 258 and -2
    assert idx.read(path).tolist() == [258, -2]


GOOD = idx_bytes(np.arange(6).reshape(2, 3), 0x08)  # 4 + 8 bytes of header, 6 numbers


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "ends at byte 0, before the end of the magic number at byte 4"),
        (GOOD[:3], "ends at byte 3, before the end of the magic number at byte 4"),
        (b"\x89PNG" + GOOD[4:], "bytes 0 and 1 must be 0, got 137 and 80"),
        (b"\0\0\x07" + GOOD[3:], r"byte 2, the type, must be one of \[8, 9, 11, 12, 13, 14\], got 7"),
        (GOOD[:9], "ends at byte 9, before the end of the lengths at byte 12"),
        (GOOD[:15], r"ends at byte 15, before the end of numbers \(2, 3\) at byte 18"),
        (GOOD + b"\0", "must end at byte 18, where its numbers do, but goes on"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "ends at byte 16, before the end of numbers"),  # promises 8 10^28
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_damaged_file_is_refused_with_the_byte(tmp_path: Path, content: bytes, message: str, zipped: bool) -> None:
    path = tmp_path / ("numbers.gz" if zipped else "numbers")
    path.write_bytes(gzip.compress(content) if zipped else content)
    with pytest.raises(ValueError, match=message):
        idx.read(path)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda packed: packed[:-12], "damaged after unpacked byte"),  # cut within the stream
        (lambda packed: packed[:-8] + b"\0\0\0\0" + packed[-4:], "damaged after unpacked byte .*CRC"),
        (lambda packed: GOOD, "damaged after unpacked byte 0: Not a gzipped file"),
        (lambda packed: packed[:10] + b"\xff" * 8 + packed[18:], "damaged after unpacked byte"),
    ],
)
def test_a_damaged_gzip_is_refused_with_the_byte(
    tmp_path: Path, damage: Callable[[bytes], bytes], message: str
) -> None:
    path = tmp_path / "numbers.gz"
    path.write_bytes(damage(gzip.compress(GOOD)))
    with pytest.raises(ValueError, match=message):
        idx.read(path)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small MNIST: 40 and 10 images of 6 x 4 pixels, the test's files gzipped."""
    rng = np.random.default_rng(0)
    for part, rows in (("train", 40), ("t10k", 10)):
        images, labels = rng.integers(256, size=(rows, 6, 4)), rng.integers(10, size=rows)
        images[0], labels[0] = 255, 7
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            content = idx_bytes(array, 0x08)
            name = f"{part}-{kind}-ubyte"
            if part == "train":
                (tmp_path / name).write_bytes(content)
            else:
                (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    monkeypatch.setenv("FOGBENCH_MNIST", str(tmp_path))
    monkeypatch.setenv("FOGBENCH_FASHION_MNIST", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("data", ["mnist", "fashion-mnist"])
@pytest.mark.parametrize("name", ["softmax", "linear-classifier", "mlp", "convnet"])
def test_classifiers_take_images_from_a_folder(folder: Path, data: str, name: str) -> None:
    objective = find_problem(name).make(data=data)
    assert objective.rows == 40
    assert len(objective.test["targets"]) == 10
    assert objective.data["targets"][0] == objective.test["targets"][0] == 7  # instance 1 is the official split
    if name != "linear-classifier":  # whose inputs are standardised
        assert (objective.data["inputs"][0] == 1).all()
        assert objective.data["inputs"].shape == (40, 24)
    assert np.isfinite(objective.f(objective.first_point(np.random.default_rng(0))))
    other = find_problem(name).make(data=data, instance=2)
    both = [np.sort(np.r_[item.data["targets"], item.test["targets"]]) for item in (objective, other)]
    np.testing.assert_array_equal(*both)


def test_a_folder_without_the_files_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(
        ValueError, match=rf"{re.escape(str(folder))} must hold t10k-labels-idx1-ubyte or .*gz, got neither"
    ):
        find_problem("mlp").make(data="mnist")
    monkeypatch.setenv("FOGBENCH_MNIST", str(folder / "nowhere"))
    with pytest.raises(ValueError, match=r"mlp: data=mnist .*FOGBENCH_MNIST must name their folder, got '.*nowhere'"):
        find_problem("mlp").make(data="mnist")


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("train-labels-idx1-ubyte", np.r_[np.zeros(39, int), 10], "must hold classes 0 to 9, got 10 at byte 47"),
        ("train-labels-idx1-ubyte", np.zeros(39, int), r"must hold 40 bytes, got uint8 \(39,\)"),
        ("train-images-idx3-ubyte", np.zeros((40, 24), int), r"must hold bytes \(N, height, width\), got uint8"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    folder: Path, name: str, array: np.ndarray, message: str
) -> None:
    (folder / name).write_bytes(idx_bytes(array, 0x08))
    with pytest.raises(ValueError, match=message):
        find_problem("softmax").make(data="mnist")
