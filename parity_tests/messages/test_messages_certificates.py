"""What a user reads when a certificate, or what it is held against, is not what it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import isograd as ig
from isograd.core.parity.report import ParityReport
from isograd.reports.verifying import verify

MODEL = ig.Sequential([ig.Linear(2)], input_shape=(3,))
SAID = '{"isograd certificate": 1, "sha256": {}, "asked": {}, "worst": []}'


def told(folder: Path, certificate: str, data: dict[str, np.ndarray] | str) -> str:
    (folder / "c.json").write_text(certificate)
    model = ig.save(folder / "m.safetensors", MODEL, ig.build(MODEL).state_dict())
    if isinstance(data, str):
        (folder / "d.npz").write_text(data)
    else:
        np.savez(folder / "d.npz", **data)
    with pytest.raises(ig.FileError) as caught:
        verify(folder / "c.json", model, folder / "d.npz")
    return str(caught.value).replace(str(folder), "FOLDER")


def test_what_is_no_certificate(tmp_path: Path) -> None:
    x = {"x": np.ones((2, 3))}
    assert (
        told(tmp_path, "{}", x)
        == """verify('FOLDER/c.json')
  wanted a certificate, as isograd parity --certificate writes it
  got    no 'isograd certificate' of a certificate
  fix    write it with isograd parity --certificate"""
    )
    assert "format 2" in told(tmp_path, SAID.replace("1,", "2,"), x)
    assert "wanted JSON" in told(tmp_path, "{", x)


def test_data_that_have_other_names(tmp_path: Path) -> None:
    assert (
        told(tmp_path, SAID, {"x": np.ones((2, 3)), "labels": np.ones(2)})
        == """verify('FOLDER/d.npz')
  wanted a file of arrays x, x1, …, y, y1, … (.safetensors or .npz)
  got    x, labels
  fix    name the arrays so"""
    )
    assert "fix    mend the path" in told(tmp_path, SAID, "nothing")


def test_a_certificate_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ig.FileError) as caught:
        verify(tmp_path / "none.json", "m", "d")
    assert (
        str(caught.value).replace(str(tmp_path), "FOLDER")
        == """verify('FOLDER/none.json')
  wanted a certificate, as isograd parity --certificate writes it
  got    no such file or directory
  fix    mend the path"""
    )


def test_a_report_that_is_not_of_one_model(tmp_path: Path) -> None:
    with pytest.raises(ig.SpecError) as caught:
        ParityReport("parity of 7 cases", ("a", "b")).certificate(tmp_path / "c.json")
    assert (
        str(caught.value)
        == """certificate(…)
  wanted a report of one model on one batch: ig.check_parity(model, x, y, …)
  got    parity of 7 cases
  fix    check the model that is to be certified"""
    )
    assert not list(tmp_path.iterdir())


def test_a_command_that_has_no_one_model(tmp_path: Path) -> None:
    from command_line import typed

    run = typed("parity", "--certificate", "c.json", cwd=tmp_path)
    assert run.returncode == 2
    assert (
        run.stderr.strip()
        == """parity --certificate
  wanted an experiment, whose model and data are written beside the certificate
  got    every layer case
  fix    report.certificate(path), of what ig.check_parity returns"""
    )
