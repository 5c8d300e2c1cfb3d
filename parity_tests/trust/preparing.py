"""Data preparation and text: what is fitted on what, parts that share samples, labels, characters."""

from __future__ import annotations

from trust.record import elsewhere

DATA, TEXT = "core.data", ("data/test_text.py",)
PREPARE = ("data/test_prepare.py", "data/test_split_exactly.py")
FAULTS = [
    elsewhere(
        "everything is standardised by all parts",
        f"{DATA}.prepare",
        "scale_x = Standardizer.fit(splits.train.inputs[0])",
        "scale_x = Standardizer.fit(np.concatenate([part.inputs[0] for part in parts]))",
        *PREPARE,
    ),
    elsewhere(
        "the test part is standardised by itself",
        f"{DATA}.prepare",
        "            scale_x.transform(part.inputs[0]), scale_y",
        "            Standardizer.fit(part.inputs[0]).transform(part.inputs[0]), scale_y",
        *PREPARE,
    ),
    elsewhere(
        "the deviation is the unbiased one",
        f"{DATA}.prepare",
        "std = values.std(0)",
        "std = values.std(0, ddof=min(1, len(values) - 1))",
        *PREPARE,
    ),
    elsewhere(
        "constant columns are divided by 0",
        f"{DATA}.prepare",
        "np.where(std > 0, std, 1.0)",
        "np.where(std >= 0, std, 1.0)",
        *PREPARE,
    ),
    elsewhere(
        "predictions come back without their mean", f"{DATA}.prepare", "self.std + self.mean", "self.std", *PREPARE
    ),
    elsewhere(
        "train and validation share samples",
        f"{DATA}.prepare",
        "(shuffled[b:], shuffled[a:b], shuffled[:a])",
        "(shuffled[a:], shuffled[a:b], shuffled[:a])",
        *PREPARE,
    ),
    elsewhere(
        "a split does not shuffle",
        f"{DATA}.prepare",
        'shuffled = generator(seed, "split", str(k)).permutation(group)',
        "shuffled = group",
        *PREPARE,
    ),
    elsewhere(
        "every split is that of seed 0",
        f"{DATA}.prepare",
        'generator(seed, "split", str(k))',
        'generator(0, "split", str(k))',
        *PREPARE,
    ),
    elsewhere(
        "inputs and targets are shuffled apart",
        f"{DATA}.prepare",
        "ArrayDataset(inputs[rows], targets[rows])",
        "ArrayDataset(inputs[rows], targets[rows[::-1]])",
        *PREPARE,
    ),
    elsewhere(
        "stratified classes are not",
        f"{DATA}.prepare",
        "groups = [np.flatnonzero(targets == label) for label in np.unique(targets)]",
        "groups = [np.arange(len(inputs))]",
        *PREPARE,
    ),
    elsewhere(
        "labels are numbered as they come",
        f"{DATA}.prepare",
        "return labels.reshape(values.shape).astype(np.int64), classes",
        "return labels.max() - labels.reshape(values.shape).astype(np.int64), classes",
        "data/test_array_likes.py::test_labels_of_every_kind_and_back",
    ),
    elsewhere(
        "one-hot rows are those of the largest label there is",
        f"{DATA}.prepare",
        "count = int(places.max()) + 1 if classes is None else classes",
        "count = int(places.max()) + 1",
        *PREPARE,
    ),
    elsewhere(
        "pixels are scaled by 256",
        f"{DATA}.pixels",
        "np.float32(1 / 255)",
        "np.float32(1 / 256)",
        "data/test_image_data.py",
    ),
    elsewhere(
        "an image moves the other way",
        f"{DATA}.pixels",
        "rows, columns = most - moves.T",
        "rows, columns = most + moves.T",
        "data/test_image_data.py",
    ),
    elsewhere(
        "rows and columns of a move change places",
        f"{DATA}.pixels",
        "rows, columns = most - moves.T",
        "columns, rows = most - moves.T",
        "data/test_image_data.py",
    ),
    elsewhere(
        "all images of an epoch move alike",
        f"{DATA}.pixels",
        "moves = (draws[:, :2] * (2 * self.shift + 1))",
        "moves = (np.broadcast_to(draws[:1, :2], draws[:, :2].shape) * (2 * self.shift + 1))",
        "data/test_image_data.py",
        "data/test_changing.py",
    ),
    elsewhere(
        "images are mirrored upside down",
        f"{DATA}.pixels",
        "moved[mirrored] = moved[mirrored][..., ::-1]",
        "moved[mirrored] = moved[mirrored][..., ::-1, :]",
        "data/test_image_data.py",
    ),
    elsewhere(
        "a vocabulary has the order of the text",
        "text",
        'return cls("".join(sorted(set(',
        'return cls("".join(dict.fromkeys((',
        *TEXT,
    ),
    elsewhere(
        "the temperature multiplies",
        "text",
        "(scores - scores.max()) / temperature",
        "(scores - scores.max()) * temperature",
        *TEXT,
    ),
    elsewhere(
        "a text is written without its states", "text", "states = rest[-len(shapes) :]", "states = states", *TEXT
    ),
    elsewhere(
        "a short context is padded on its left",
        "text",
        "np.array([context + [0] * (steps - len(context))])",
        "np.array([[0] * (steps - len(context)) + context])",
        *TEXT,
    ),
    elsewhere(
        "characters are drawn with one number",
        "text",
        "written.append(_drawn(logits_after(written), temperature, place))",
        "written.append(_drawn(logits_after(written), temperature, 0.5))",
        *TEXT,
    ),
]
