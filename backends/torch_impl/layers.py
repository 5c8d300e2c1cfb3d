"""One line a layer: what a PyTorch expert would write for each description.

Written down, never derived from the NumPy engine: a second witness must be independent.
`s` is the description, `x` the shapes of its inputs (one sample each).
"""

from __future__ import annotations

import torch
from torch import nn

from isograd.backends.torch_impl.modules import BookDropout, Elementwise, Joined, Unflattened
from isograd.core import layers as core
from isograd.core.table import Table

LAYERS = Table("torch_impl/layers.py")

LAYERS[core.Linear] = lambda s, x: nn.Linear(x[-1], s.out_features, bias=s.bias)
LAYERS[core.Flatten] = lambda s, x: nn.Flatten(s.start_dim, s.end_dim) if x else Unflattened((1,))
LAYERS[core.Reshape] = lambda s, x: Unflattened(s.shape)
LAYERS[core.Identity] = lambda s, x: nn.Identity()
LAYERS[core.Dropout] = lambda s, x: nn.Dropout(s.p) if s.scale == "training" else BookDropout(s.p)

LAYERS[core.Sigmoid] = lambda s, x: nn.Sigmoid()
LAYERS[core.Tanh] = lambda s, x: nn.Tanh()
LAYERS[core.ReLU] = lambda s, x: nn.ReLU()
LAYERS[core.LeakyReLU] = lambda s, x: nn.LeakyReLU(s.negative_slope)
LAYERS[core.ELU] = lambda s, x: nn.ELU(s.alpha)
LAYERS[core.GELU] = lambda s, x: nn.GELU(approximate=s.approximate)
LAYERS[core.SiLU] = lambda s, x: nn.SiLU()
LAYERS[core.Softplus] = lambda s, x: nn.Softplus(s.beta, s.threshold)
LAYERS[core.Softmax] = lambda s, x: nn.Softmax(s.dim)
LAYERS[core.LogSoftmax] = lambda s, x: nn.LogSoftmax(s.dim)

LAYERS[core.Add] = lambda s, *x: Elementwise(torch.add)
LAYERS[core.Subtract] = lambda s, *x: Elementwise(torch.sub)
LAYERS[core.Multiply] = lambda s, *x: Elementwise(torch.mul)
LAYERS[core.MatMul] = lambda s, *x: Elementwise(torch.matmul)
LAYERS[core.Concat] = lambda s, *x: Joined(s.dim)
