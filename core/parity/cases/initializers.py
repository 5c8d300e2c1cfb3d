"""Cases of the initial laws. The book is Weidman 2019."""

from __future__ import annotations

from isograd.core.base import initializers as init
from isograd.core.base.description import Description
from isograd.core.base.initializers import Fans
from isograd.core.parity.cases.kinds import LawCase

WIDE, TALL = Fans(300, 200), Fans(200, 300)
INITIALIZER_CASES: dict[type[Description], list[LawCase]] = {
    init.Normal: [LawCase(init.Normal(mean=0.5, std=2.0), (200, 300), WIDE, "mean and deviation that show")],
    init.Uniform: [LawCase(init.Uniform(low=-1.0, high=3.0), (200, 300), WIDE, "bounds that show")],
    init.Constant: [LawCase(init.Constant(0.25), (4, 5), Fans(5, 4), "exact")],
    init.Zeros: [LawCase(init.Zeros(), (4, 5), Fans(5, 4), "exact")],
    init.Ones: [LawCase(init.Ones(), (4, 5), Fans(5, 4), "exact")],
    init.XavierUniform: [LawCase(init.XavierUniform(gain=1.5), (200, 300), WIDE, "gain that shows")],
    init.XavierNormal: [LawCase(init.XavierNormal(gain=1.5), (200, 300), WIDE, "gain that shows")],
    init.KaimingUniform: [
        LawCase(init.KaimingUniform(), (200, 300), WIDE, "fan in"),
        LawCase(init.KaimingUniform(gain=1.0, mode="fan_out"), (200, 300), WIDE, "fan out"),
    ],
    init.KaimingNormal: [
        LawCase(init.KaimingNormal(), (200, 300), WIDE, "fan in"),
        LawCase(init.KaimingNormal(gain=1.0, mode="fan_out"), (200, 300), WIDE, "fan out"),
    ],
    init.Orthogonal: [
        LawCase(init.Orthogonal(gain=2.0), (200, 300), WIDE, "rows orthogonal"),
        LawCase(init.Orthogonal(), (300, 200), TALL, "columns orthogonal"),
    ],
    init.TorchDefault: [
        LawCase(init.TorchDefault(), (200, 300), WIDE, "a weight"),
        LawCase(init.TorchDefault(), (60000,), Fans(300, 60000), "a bias, with its weight's fan"),
    ],
    init.Book: [
        LawCase(init.Book(), (200, 300), WIDE, "the book's glorot"),
        LawCase(init.Book(form="standard"), (200, 300), WIDE, "standard normal"),
    ],
}
