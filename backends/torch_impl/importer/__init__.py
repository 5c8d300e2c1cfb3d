"""From any nn.Module to a Model: `from_torch`.

`exporting` asks torch.export for the functional graph of both modes, and `watching` sees to what it would lose;
`reading` walks it and asks `table` (its entries stand in `layers`, `nonlinear`, `recurrences`, `moving`, `making`,
`arithmetic`, `reductions`, `products`) which layer computes each operation; `plan` holds the result; `modes` makes one
plan of two; `writing` names nodes and weights and builds the Model.
"""

from isograd.backends.torch_impl.importer.entrance import from_torch

__all__ = ["from_torch"]
