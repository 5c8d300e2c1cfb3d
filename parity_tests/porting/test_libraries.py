"""Networks of torchvision and transformers against rewritings of them."""

from __future__ import annotations

import pytest

import isograd as ig
from porting.libraries import MyGpt2, MyResNet18, tiny_gpt2
from porting.test_ports import images, line, made, words


def test_a_rewritten_resnet18_passes() -> None:
    from torchvision.models import resnet18

    theirs = made(resnet18)
    right = ig.compare_modules(theirs, made(MyResNet18), images(2, 40))
    assert right.passed, str(right)
    matched = {match.theirs: match.mine for match in right.alignment.modules}
    assert matched["layer3.0.downsample.1"] == "trunk.4.around.1"
    assert matched["layer3.0.bn2"] == "trunk.4.norms.1"


@pytest.mark.slow
def test_a_wrong_pooling_of_a_rewritten_resnet18_is_named() -> None:
    from torchvision.models import resnet18

    wrong = ig.compare_modules(made(resnet18), made(MyResNet18, ceil=True), images(2, 40))
    assert [culprit.path for culprit in wrong.culprits] == ["model"]
    place = line("libraries.py", "F.max_pool2d(")
    assert wrong.culprit.because.startswith(f"mine: max_pool2d(padding=0, ceil_mode=True) at {place}, theirs: ")


def test_a_rewritten_gpt2_passes() -> None:
    learning = {"loss": ig.CrossEntropyLoss(dim=-1), "targets": words(64), "optimizer": ig.AdamW(0.01)}
    for dtype in ("float64", "float32"):
        report = ig.compare_modules(made(tiny_gpt2), made(MyGpt2), words(64), dtype=dtype, **learning)
        assert report.passed, str(report)
    turned = {match.mine for match in report.alignment.weights if match.transposed}
    kinds = ("qkv", "mix", "up", "down")  # mix is square: it follows the other three, whose classes it has
    assert turned == {f"blocks.{k}.{kind}.weight" for k in (0, 1) for kind in kinds}


def test_what_is_wrong_with_a_gpt2_is_named() -> None:
    untied = ig.compare_modules(made(tiny_gpt2), made(MyGpt2, tied=False), words(64))
    names = "`tokens.weight` and `head.weight` are one weight in theirs, and several in mine"
    assert untied.culprit.because == names
    form = ig.compare_modules(made(tiny_gpt2), made(MyGpt2, form="none"), words(64))
    assert [culprit.path for culprit in form.culprits] == ["blocks.0", "blocks.1"]
    place = line("libraries.py", "F.gelu(")
    assert form.culprit.because.startswith(
        f"what mine makes by gelu at {place} theirs makes by 8 calls, activations.py:"
    )


def test_an_option_of_a_configuration_is_named_in_every_layer() -> None:
    report = ig.compare_modules(made(tiny_gpt2), made(tiny_gpt2, layer_norm_epsilon=1e-6), words(64))
    paths = [f"transformer.h.{k}.ln_{n}" for k in (0, 1) for n in (1, 2)]
    assert [culprit.path for culprit in report.culprits] == [*paths, "transformer.ln_f"]
    report = ig.compare_modules(made(tiny_gpt2), made(tiny_gpt2, attn_pdrop=0.2), words(64))
    assert "mine: scaled_dot_product_attention(dropout_p=0.2)" in report.culprit.because
