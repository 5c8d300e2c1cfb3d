"""The PyTorch engine: options that are dropped or change places, modules of its own, its learner."""

from __future__ import annotations

from trust.record import elsewhere, torch_line

TORCH = "backends.torch_impl"
FAULTS = [
    torch_line(
        "a linear layer has always a bias",
        "layers",
        "s.out_features, bias=s.bias)\nLAYERS[core.Bilinear]",
        "s.out_features)\nLAYERS[core.Bilinear]",
        "Linear",
    ),
    torch_line(
        "stride and padding of a pool change places",
        "layers",
        "nn.AvgPool2d(\n    s.kernel_size, s.stride, s.padding,",
        "nn.AvgPool2d(\n    s.kernel_size, s.padding or s.stride, s.padding and 1,",
        "AvgPool2d",
    ),
    torch_line(
        "count_include_pad is torch's default",
        "layers",
        "nn.AvgPool1d(s.kernel_size, s.stride, s.padding, s.ceil_mode, s.count_include_pad)",
        "nn.AvgPool1d(s.kernel_size, s.stride, s.padding, s.ceil_mode)",
        "AvgPool1d",
    ),
    torch_line(
        "dilation of a transposed convolution is lost",
        "layers",
        "nn.ConvTranspose2d(\n"
        "    x[0], s.out_channels, s.kernel_size, s.stride, s.padding, s.output_padding, s.groups, s.bias, "
        "s.dilation\n"
        "",
        "nn.ConvTranspose2d(\n"
        "    x[0], s.out_channels, s.kernel_size, s.stride, s.padding, s.output_padding, s.groups, s.bias\n"
        "",
        "ConvTranspose2d",
    ),
    torch_line(
        "GELU is exact whatever is asked for", "layers", "nn.GELU(approximate=s.approximate)", "nn.GELU()", "GELU"
    ),
    torch_line("Softmax runs along the last axis", "layers", "nn.Softmax(s.dim)", "nn.Softmax(-1)", "Softmax"),
    torch_line(
        "a slope stays at its default", "layers", "nn.LeakyReLU(s.negative_slope)", "nn.LeakyReLU()", "LeakyReLU"
    ),
    torch_line(
        "epsilon of a layer norm stays at its default",
        "layers",
        "nn.LayerNorm(x[-s.axes :], s.eps, s.elementwise_affine, s.bias)",
        "nn.LayerNorm(x[-s.axes :], 1e-5, s.elementwise_affine, s.bias)",
        "LayerNorm",
    ),
    torch_line(
        "groups and channels change places",
        "layers",
        "nn.GroupNorm(s.num_groups, x[0], s.eps",
        "nn.GroupNorm(x[0] // s.num_groups, x[0], s.eps",
        "GroupNorm",
    ),
    torch_line(
        "corners are never aligned",
        "layers",
        "s.align_corners if s.way.weighs else None",
        "False if s.way.weighs else None",
        "Upsample",
    ),
    torch_line(
        "the reset gate stands after the product always",
        "layers",
        'recurrent.GRU if s.reset == "after" else recurrent.ResetFirstGRU, s, x[1]\n)',
        "recurrent.GRU, s, x[1]\n)",
        "GRU",
    ),
    torch_line(
        "momentum of a batch norm is its complement",
        "modules",
        "kind(channels, s.eps, s.momentum,",
        "kind(channels, s.eps, s.momentum and 1 - s.momentum,",
        "BatchNorm1d",
        "InstanceNorm1d",
    ),
    torch_line(
        "the odd place of same padding goes before",
        "modules",
        "pairs = [(total // 2, total - total // 2) for total in totals]",
        "pairs = [(total - total // 2, total // 2) for total in totals]",
        "Conv2d",
        "Conv1d",
    ),
    torch_line(
        "sides of uneven padding are given first axis first",
        "modules",
        "[side for pair in reversed(pairs) for side in pair]",
        "[side for pair in pairs for side in pair]",
        "Conv2d",
    ),
    torch_line(
        "a global mean is over the last axis alone",
        "modules",
        "return x.flatten(2).mean(2)",
        "return x.flatten(2)[..., : x.shape[-1]].mean(2)",
        "GlobalAvgPool",
    ),
    torch_line(
        "the last step of a padded sequence is the last place",
        "modules",
        "at = (lengths - 1)[:, None, None]",
        "at = (0 * lengths + x.shape[1] - 1)[:, None, None]",
        "LastStep",
    ),
    torch_line(
        "the given masks of the book's dropout are not scaled in evaluation",
        "modules",
        'return x * (1 - self.spec.p) if self.spec.scale == "inference" else x',
        "return x",
        "Dropout",
    ),
    torch_line(
        "a given mask is scaled in the book's form as well",
        "modules",
        'self.kept(shape, self.spec.p, x, scaled=self.spec.scale == "training")',
        "self.kept(shape, self.spec.p, x)",
        "Dropout",
    ),
    torch_line(
        "positions of an alpha dropout are not shifted",
        "modules",
        "return a * (x * mask + DROPPED * (1 - mask)) + b",
        "return a * (x * mask + DROPPED * (1 - mask))",
        "AlphaDropout",
    ),
    torch_line(
        "Huber's threshold is 1",
        "losses",
        "nn.HuberLoss(reduction=s.reduction, delta=s.delta)",
        "nn.HuberLoss(reduction=s.reduction)",
        "HuberLoss",
    ),
    torch_line(
        "labels are not smoothed",
        "losses",
        "reduction=s.reduction, label_smoothing=s.label_smoothing",
        "reduction=s.reduction",
        "CrossEntropyLoss",
    ),
    torch_line(
        "positives weigh as much as negatives",
        "losses",
        "reduction=s.reduction, pos_weight=_figures(s.pos_weight)",
        "reduction=s.reduction",
        "BCEWithLogitsLoss",
    ),
    torch_line(
        "no label is ignored",
        "losses",
        "nn.NLLLoss(_figures(s.weight), ignore_index=s.ignore_index,",
        "nn.NLLLoss(_figures(s.weight),",
        "NLLLoss",
    ),
    torch_line(
        "a weighted mean divides by the samples",
        "losses",
        "return weighed.sum() / (t[:, 1].sum() * values)",
        "return weighed.sum() / (len(t) * values)",
        "WeightedLoss",
    ),
    torch_line(
        "RMSprop is never centred",
        "optimizers",
        "    momentum=s.momentum,\n    centered=s.centered,\n",
        "    momentum=s.momentum,\n",
        "RMSprop",
    ),
    torch_line(
        "AdamW decays by its default",
        "optimizers",
        "OPTIMIZERS[core.AdamW] = lambda s, params: optim.AdamW(\n"
        "    params,\n"
        "    lr=s.lr,\n"
        "    betas=s.betas,\n"
        "    eps=s.eps,\n"
        "    weight_decay=s.weight_decay,",
        "OPTIMIZERS[core.AdamW] = lambda s, params: optim.AdamW(\n"
        "    params,\n"
        "    lr=s.lr,\n"
        "    betas=s.betas,\n"
        "    eps=s.eps,",
        "AdamW",
    ),
    torch_line("SGD never looks ahead", "optimizers", '        "nesterov": s.nesterov,\n', "", "SGD"),
    elsewhere(
        "the rate of a step is that of the first",
        f"{TORCH}.learner",
        '        for group in optimizer.param_groups:\n            group["lr"] = lr\n',
        "",
        "training/test_histories.py::test_the_same_training_gives_the_same_history_in_both_engines",
    ),
    elsewhere(
        "evaluation records a graph and keeps the first outputs",
        f"{TORCH}.learner",
        "pieces.append((values, tuple(v.cpu().numpy() for v in outputs), targets))",
        "pieces.append((values, tuple(v.cpu().numpy() for v in outputs), pieces[0][2] if pieces else targets))",
        "training/test_evaluation.py::test_every_loss_of_a_data_set_is_that_of_one_batch",
    ),
    elsewhere(
        "the loss of several outputs is their mean",
        f"{TORCH}.learner",
        "torch.stack(values).sum()",
        "torch.stack(values).mean()",
        "training/test_learners.py::test_losses_of_several_outputs_are_added_each_to_its_own_target",
        model="two ends, shared",
    ),
    elsewhere(
        "buffers stay moved after a batch that raised",
        f"{TORCH}.learner",
        "            except BaseException:\n"
        "                self.net.restore(held)\n"
        "                raise\n"
        "            if self.carried",
        "            except BaseException:\n                raise\n            if self.carried",
        "training/test_whole_steps.py::test_an_error_inside_a_step_puts_the_buffers_back",
    ),
    elsewhere(
        "weights stay changed after a step that ended in no numbers",
        f"{TORCH}.learner",
        "            self._put_back(optimizer, weights, slots)\n            raise\n        self.headroom",
        "            raise\n        self.headroom",
        "training/test_nonfinite.py::test_an_update_that_leaves_the_floats",
    ),
    elsewhere(
        "gradients of the torch engine are those of the unclipped",
        f"{TORCH}.learner",
        "grads = dw if self.clipping is None else clipped(self.clipping, dw)",
        "grads = dw",
        "training/test_learners.py::test_gradients_that_are_asked_for_are_clipped",
    ),
]
