"""Every diagnosis is told of a fault that was planted for it, and nothing is told of what is right."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import isograd as ig
from checking.planted_layers import PLANTED, RIGHT, Planted
from isograd.checking.diagnoses import DIAGNOSES


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: f"{planted.diagnosis}: {planted.told[:40]}")
def test_a_planted_fault_is_told_in_words(planted: Planted) -> None:
    report = ig.check_operation(planted.mine, like=planted.like)
    assert not report.passed
    found = [finding for finding in report.findings if planted.told in finding.text]
    assert found, report
    assert found[0].diagnosis == planted.diagnosis


def test_every_diagnosis_has_a_fault_that_is_planted_for_it() -> None:
    assert {planted.diagnosis for planted in PLANTED} == {diagnosis.name for diagnosis in DIAGNOSES}


@pytest.mark.parametrize(("why", "mine", "like"), RIGHT, ids=[why for why, *_ in RIGHT])
def test_what_is_right_is_told_so(why: str, mine: Any, like: Any) -> None:
    report = ig.check_operation(mine, like=like)
    assert report.passed, report
    assert not report.findings
    assert report.earned == 10


def test_a_text_says_what_is_right_and_what_is_wrong_with_an_entry_that_shows_it() -> None:
    planted = next(p for p in PLANTED if p.diagnosis == "batch mixed up")
    text = str(ig.check_operation(planted.mine, like=planted.like, name="mine"))
    words = "dw is right for batch 1, wrong for batch 4: samples and features are mixed up"
    assert re.sub(r"\[\d, \d\] -?[\d.]+, should be -?[\d.]+", "[…] …, should be …", text) == inspect.cleandoc(
        f"""
        mine as Linear(3)
          right  y                               in 13 runs
          right  dx                              in 13 runs
          WRONG  dw                              {words}
                                                   a batch of 4: at […] …, should be …
          right  db                              in 13 runs
          right  inputs are left alone           in 1 run
          right  a second call                   in 1 run
          right  arrays that are not contiguous  in 1 run
          right  read-only arrays                in 1 run
          right  float32                         in 1 run
        FAILED: 1 of 9 are wrong
        """
    )
