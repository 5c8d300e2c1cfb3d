"""The texts of what activations and the root mean square refuse."""

from __future__ import annotations

import pytest

import isograd as ig

REJECTED = {
    "ends the wrong way round": (
        lambda: ig.Hardtanh(min_val=1.0, max_val=-1.0),
        "Hardtanh(min_val=1.0, max_val=-1.0)\n"
        "  wanted max_val larger than min_val\n"
        "  got    -1, with min_val 1\n"
        "  fix    swap them",
    ),
    "as many slopes as nothing has": (
        lambda: ig.Sequential([ig.PReLU(3)], input_shape=(4, 2, 2)),
        "layer 1 of 1, PReLU(3)\n"
        "  wanted 3 channels, one for each of num_parameters\n"
        "  got    (N, 4, 2, 2)\n"
        "  path   (N, 4, 2, 2)\n"
        "  fix    num_parameters=1, or as many as there are channels",
    ),
    "slopes for channels that are not there": (
        lambda: ig.Sequential([ig.PReLU(3)], input_shape=()),
        "layer 1 of 1, PReLU(3)\n"
        "  wanted 3 channels, one for each of num_parameters\n"
        "  got    (N,)\n"
        "  path   (N,)\n"
        "  fix    num_parameters=1, or as many as there are channels",
    ),
    "halves of an odd number": (
        lambda: ig.Sequential([ig.GLU()], input_shape=(4, 3)),
        "layer 1 of 1, GLU()\n"
        "  wanted an even number of places along dim=-1\n"
        "  got    3 in (N, 4, 3)\n"
        "  path   (N, 4, 3)\n"
        "  fix    one place more or less in what feeds this layer, or another dim=",
    ),
    "halves of the batch": (
        lambda: ig.Sequential([ig.GLU(dim=0)], input_shape=(4,)),
        "layer 1 of 1, GLU(dim=0)\n"
        "  wanted dim in 1…1 or −1…−1\n"
        "  got    dim=0 for (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    name an axis of the sample: axis 0 is the batch, and samples are never mixed",
    ),
    "more axes than a sample has": (
        lambda: ig.Sequential([ig.RMSNorm(axes=2)], input_shape=(4,)),
        "layer 1 of 1, RMSNorm(axes=2)\n"
        "  wanted at least 2 axes in a sample\n"
        "  got    (N, 4)\n"
        "  path   (N, 4)\n"
        "  fix    axes=1 at most: samples are never mixed",
    ),
}


@pytest.mark.parametrize("why", REJECTED)
def test_what_an_activation_refuses_is_explained(why: str) -> None:
    build, text = REJECTED[why]
    with pytest.raises(ig.IsogradError) as caught:
        build()
    assert str(caught.value) == text
