"""torch.utils.data over isograd's data sets and batch order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader
from torch.utils.data import Dataset as TorchDataset

from isograd.core.base.arraylike import native
from isograd.core.base.types import Array, Arrays
from isograd.core.data.dataset import Dataset, batch_of

Tensors = tuple[torch.Tensor, ...]
TorchDtypes = tuple[torch.dtype, ...]


class BatchedDataset(TorchDataset[Any]):
    """A map from the sample numbers of a batch to its tensors."""

    def __init__(self, data: Dataset, dtype: torch.dtype, input_dtypes: TorchDtypes) -> None:
        self.data, self.dtype, self.input_dtypes = data, dtype, input_dtypes

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, indices: Array) -> tuple[Arrays, Arrays, Tensors, Tensors]:
        inputs, targets = batch_of(self.data, indices, len(self.input_dtypes))
        made = tensors(inputs, self.input_dtypes[: len(inputs)])
        return inputs, targets, made, target_tensors(targets, self.dtype)


def loader(
    data: Dataset, order: Sequence[Array], dtype: torch.dtype, input_dtypes: TorchDtypes, device: torch.device
) -> DataLoader[Any]:
    """A DataLoader whose sampler is `order`: whole batches, so no collation sample by sample."""
    return DataLoader(
        BatchedDataset(data, dtype, input_dtypes),
        sampler=list(order),
        batch_size=None,
        collate_fn=_as_they_are,
        pin_memory=device.type == "cuda",
        generator=torch.Generator(),  # else each pass over the data draws a number from the process's own
    )


def _as_they_are(batch: Any) -> Any:
    return batch


def tensors(values: Sequence[Array], dtypes: TorchDtypes) -> Tensors:
    """The arrays as tensors, each in its dtype; memory is shared where it can be."""
    return tuple(
        torch.from_numpy(v if readable(v) else native(v).copy("C")).to(dtype)
        for v, dtype in zip(values, dtypes, strict=True)
    )


def readable(v: Array) -> bool:
    """Whether PyTorch reads this memory as it lies: dense, writeable, in this machine's byte order."""
    return v.flags.forc and v.flags.writeable and v.dtype.isnative and min(v.strides, default=0) >= 0


def target_tensors(values: Sequence[Array], dtype: torch.dtype) -> Tensors:
    """Floats in the network's dtype, class labels as int64; none of what holds no numbers: the loss says so."""
    if any(v.dtype.kind not in "fiub" for v in values):
        return ()
    return tuple(tensors([v], (dtype if v.dtype.kind == "f" else torch.int64,))[0] for v in values)
