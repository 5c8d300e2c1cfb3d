"""Data sets: what is read is what the files hold, by both ways; what is missing or malformed is told."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from sklearn import datasets

import isograd as ig
from isograd import data


@pytest.mark.parametrize("name", ["digits", "diabetes", "iris", "wine", "breast_cancer"])
def test_embedded_sets_are_scikit_learns(name: str) -> None:
    x, y = getattr(data, name)()
    wanted_x, wanted_y = getattr(datasets, f"load_{name}")(return_X_y=True)
    assert (x.dtype, y.dtype) == (np.float64, np.float64 if name == "diabetes" else np.int64)
    assert x.tobytes() == wanted_x.astype(np.float64).tobytes()
    assert y.tobytes() == wanted_y.astype(y.dtype).tobytes()


def test_mnist_is_the_same_read_by_numpy_and_through_torchvision(data_root: Path) -> None:
    ours = data.mnist(data_root)
    theirs = data.mnist(data_root, through="torchvision")
    for (x, y), (x2, y2), count in zip(ours, theirs, (60_000, 10_000), strict=True):
        assert x.shape == (count, 28, 28)
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
        assert np.array_equal(x, x2)
        assert np.array_equal(y, y2)


def test_the_environment_names_the_root(data_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISOGRAD_DATA", str(data_root))
    assert data.mnist()[1][1][:5].tolist() == [7, 2, 1, 0, 4]
    x, y = data.boston()
    assert (x.shape, float(y[0]), float(x[:, 0].max())) == ((506, 13), 24.0, 88.9762)
    x, y = data.california()
    assert (x.shape, float(y[0])) == ((20640, 8), 452600.0)


def test_a_missing_file_is_named_with_the_way_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(ig.DataError) as caught:
        data.mnist(tmp_path, download=False)
    assert caught.value.wanted == f"the file {tmp_path / 'MNIST/raw/train-images-idx3-ubyte'}"
    assert caught.value.got == "no such file"
    assert "ISOGRAD_DATA" in caught.value.fix


def test_the_digits_that_isograd_carries_name_their_source() -> None:
    folder = Path(str(data.__file__)).parent
    told = (folder / "digits.txt").read_text()
    assert all(name in told for name in ("UCI", "Alpaydin", "CC BY 4.0", "10.24432/C50P49"))
    assert (folder / "digits.npz").stat().st_size < 50_000
    settings = tomllib.loads((Path(__file__).resolve().parents[2] / "pyproject.toml").read_text())
    assert settings["tool"]["setuptools"]["package-data"]["isograd.datasets"] == ["digits.npz", "digits.txt"]


def test_a_cut_idx_file_is_refused(tmp_path: Path, data_root: Path) -> None:
    folder = tmp_path / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for file in (data_root / "MNIST" / "raw").iterdir():
        (folder / file.name).write_bytes(file.read_bytes()[:1000])
    with pytest.raises(ig.DataError, match="an unpacked idx file of unsigned bytes, whole"):
        data.mnist(tmp_path)


CSV = "made up\na,b,price\n1,2,3\n\n4,5,6\n"


def test_csv_reads_columns_by_name_and_by_place(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(CSV)
    x, y, names = data.csv(path, target="b", header_line=1)
    assert (x.tolist(), y.tolist(), names) == ([[1.0, 3.0], [4.0, 6.0]], [2.0, 5.0], ["a", "price"])
    x, y, names = data.csv(path, target=-1, header_line=1)
    assert (x.tolist(), y.tolist(), names) == ([[1.0, 2.0], [4.0, 5.0]], [3.0, 6.0], ["a", "b"])


@pytest.mark.parametrize(
    ("text", "target", "where"),
    [
        ("a,b\n1,2\n3\n", "a", "line 3"),
        ("a,b\n1,two\n", "a", "line 2, column 'b'"),
        ("a,b\n1,nan\n", "a", "line 2, column 'b'"),
        ("a,b\n1,\n", "a", "line 2, column 'b'"),
        ("a,b\n1,2\n", "price", "price"),
        ("a,b\n", "a", "t.csv"),
    ],
)
def test_a_malformed_csv_is_told_with_its_line(tmp_path: Path, text: str, target: str, where: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(text)
    with pytest.raises(ig.IsogradError) as caught:
        data.csv(path, target=target)
    assert where in str(caught.value)
    assert caught.value.fix


def test_a_csv_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ig.DataError) as caught:
        data.csv(tmp_path / "none.csv", target=0)
    assert caught.value.wanted == f"the file {tmp_path / 'none.csv'}"
