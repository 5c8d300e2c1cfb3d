"""One line a law: torch.nn.init's. isograd draws weights itself (core); these are the second witness of each law.

`s` is the description, `w` the tensor to fill, `fan_in` that of the weight it belongs to.
"""

from __future__ import annotations

from math import sqrt

from torch.nn import init

from isograd.core.base import initializers as core
from isograd.core.base.table import Table

INITIALIZERS = Table("torch_impl/initializers.py")

INITIALIZERS[core.Normal] = lambda s, w, fans: init.normal_(w, s.mean, s.std)
INITIALIZERS[core.Uniform] = lambda s, w, fans: init.uniform_(w, s.low, s.high)
INITIALIZERS[core.Constant] = lambda s, w, fans: init.constant_(w, s.value)
INITIALIZERS[core.Zeros] = lambda s, w, fans: init.zeros_(w)
INITIALIZERS[core.Ones] = lambda s, w, fans: init.ones_(w)
INITIALIZERS[core.XavierUniform] = lambda s, w, fans: init.xavier_uniform_(w, s.gain)
INITIALIZERS[core.XavierNormal] = lambda s, w, fans: init.xavier_normal_(w, s.gain)
INITIALIZERS[core.KaimingUniform] = lambda s, w, fans: init.kaiming_uniform_(
    w, mode=s.mode, nonlinearity="linear"
).mul_(s.gain)
INITIALIZERS[core.KaimingNormal] = lambda s, w, fans: init.kaiming_normal_(w, mode=s.mode, nonlinearity="linear").mul_(
    s.gain
)
INITIALIZERS[core.Orthogonal] = lambda s, w, fans: init.orthogonal_(w, s.gain)
INITIALIZERS[core.TorchDefault] = lambda s, w, fans: (
    init.kaiming_uniform_(w, a=sqrt(5)) if w.ndim > 1 else init.uniform_(w, -(fans.fan_in**-0.5), fans.fan_in**-0.5)
)
INITIALIZERS[core.Book] = lambda s, w, fans: init.normal_(
    w, 0.0, 1.0 if s.form == "standard" else 2 / (fans.fan_in + fans.fan_out)
)
