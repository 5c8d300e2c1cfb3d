"""Layers that are called twice, weights that are given, branches, several inputs and outputs."""

from __future__ import annotations

from trust.record import elsewhere, operation

PROGRAM = "backends.numpy_impl.program"
FAULTS = [
    elsewhere(
        "a layer that is called twice has the last call's gradient",
        PROGRAM,
        "grads[node.owner] = merged(grads[node.owner], own) if node.owner in grads else own",
        "grads[node.owner] = own",
        model="two ends, shared",
    ),
    elsewhere(
        "a value that feeds two nodes gets the gradient of one",
        PROGRAM,
        "return gradient if total is None else total if gradient is None else total + gradient",
        "return total if gradient is None else gradient",
        model="residual network",
    ),
    elsewhere(
        "a second output's gradient takes the place of the first's",
        PROGRAM,
        "zip(self.graph.outputs_in(run.training), dy, strict=True):\n"
        "                d[slot] = added(d[slot], gradient)",
        "zip(self.graph.outputs_in(run.training), dy, strict=True):\n                d[slot] = gradient",
        model="one value, two outputs",
    ),
    elsewhere(
        "the gradient of the second output is dropped",
        PROGRAM,
        "d[slot] = added(d[slot], gradient)\n            for (node, _, _,",
        "d[slot] = added(d[slot], gradient if slot == self.graph.outputs_in(run.training)[0] else 0 * gradient)\n"
        "            for (node, _, _,",
        model="two ends, shared",
    ),
    elsewhere(
        "gradients of two inputs change places",
        PROGRAM,
        "zip(node.reads, dx if isinstance(dx, tuple) else (dx,), strict=True):",
        "zip(node.reads, dx[::-1] if isinstance(dx, tuple) and len(dx) == 2 and all(v is not None and v.shape == "
        "dx[0].shape for v in dx) else dx if isinstance(dx, tuple) else (dx,), strict=True):",
        model="a difference of branches",
    ),
    elsewhere(
        "a weight that is given loses the gradient of its second use",
        PROGRAM,
        "            d[slot] = added(d[slot], rest.pop(name))",
        "            d[slot] = rest.pop(name)",
        model="tied weights",
    ),
    elsewhere(
        "a layer whose output is used twice runs back twice too few",
        PROGRAM,
        "runs = (wanted or bool(node.weights) or",
        "runs = (wanted or",
        model="conv, bias, BatchNorm",
    ),
    elsewhere(
        "the gradient of an input that leads to no weight is not asked for",
        PROGRAM,
        "leads = [needs_dx and is_float for is_float in floats]",
        "leads = [needs_dx and is_float and slot == 0 for slot, is_float in enumerate(floats)]",
        model="a difference of two inputs",
    ),
    elsewhere(
        "the losses of several outputs are those of the first",
        "backends.numpy_impl.learner",
        "            total += float(value)\n            dy = back",
        "            total = total or float(value)\n            dy = back",
        model="two ends, shared",
    ),
    elsewhere(
        "each output gets the first one's target",
        "core.engine.batches",
        "return [next(waiting) if loss is not None else None for loss in losses]",
        "first = next(waiting, None)\n    return [first if loss is not None else None for loss in losses]",
        "training/test_learners.py::test_losses_of_several_outputs_are_added_each_to_its_own_target",
    ),
    elsewhere(
        "an output without a loss gets ones for its gradient",
        "backends.numpy_impl.learner",
        "dys.append(None)",
        "dys.append(np.ones_like(prediction))",
        model="an output without a loss",
    ),
    elsewhere(
        "tied names are saved once",
        "core.graph.weights",
        "return state | {name: state[path].copy() for name, path in model.tied(*model.input_shapes).items()}",
        "return state",
        "engines/test_tied_names.py::test_a_state_dict_has_every_name",
    ),
    operation(
        "the second sequence direction reads time as the first",
        "recurrent",
        "outputs.append(out[:, turn])",
        "outputs.append(out)",
        "RNN",
        "GRU",
        "LSTM",
    ),
    operation(
        "the directions' gradients are those of the first",
        "recurrent",
        "dh = shares[0] if len(shares) == 1 else shares[0] + shares[1]",
        "dh = shares[0]",
        "RNN",
        "GRU",
        "LSTM",
    ),
    operation(
        "layers of a stack start from the first one's state",
        "recurrent",
        "initial = tuple(s[:, k].T for s in state)",
        "initial = tuple(s[:, 0].T for s in state)",
        "RNN",
        "GRU",
        "LSTM",
    ),
    operation(
        "the gradient of a final state is the output's",
        "recurrent",
        "dx, d_initial, own = backs[k](part[:, turn], tuple(d[:, k].T for d in dfinal), needs_dx)",
        "dx, d_initial, own = backs[k](part[:, turn], tuple(0 * d[:, k].T for d in dfinal), needs_dx)",
        "RNN",
        "GRU",
        "LSTM",
    ),
    operation(
        "the gradient of attention's weights is not used",
        "attention",
        "dS += each[:, None] / heads if spec.average_attn_weights else each",
        "dS += 0 * each[:, None] if spec.average_attn_weights else 0 * each",
        "MultiheadAttention",
    ),
    operation(
        "keys and values come from the queries' source",
        "attention",
        'for part in "qkv"]\n',
        'for part in "qvk"]\n',
        "MultiheadAttention",
    ),
    operation(
        "padding of a sequence is computed with",
        "recurrent",
        "alive = np.arange(steps)[:, None] < x[-1] if has_lengths else None",
        "alive = np.arange(steps)[:, None] <= x[-1] if has_lengths else None",
        "RNN",
        "GRU",
        "LSTM",
    ),
]
