"""Cases of models and of the layers made of layers."""

from __future__ import annotations

from isograd.core import layers as L
from isograd.core.base.description import Description
from isograd.core.base.initializers import Ones
from isograd.core.graph.entries import Buffer, Parameter
from isograd.core.graph.model import Model
from isograd.core.graph.residual import Residual
from isograd.core.graph.sequential import Sequential
from isograd.core.graph.transformer import TransformerDecoderBlock, TransformerDecoderLayer, TransformerEncoderLayer
from isograd.core.graph.transformer_stacks import Transformer, TransformerDecoder, TransformerEncoder
from isograd.core.graph.values import Input
from isograd.core.parity.cases.kinds import Case
from isograd.core.parity.cases.recurrent import SCALE as SMALL

LENGTHS = ()


def _branches() -> Model:
    x = Input((4,))
    h = L.Tanh()(L.Linear(3)(x))
    return Model(inputs=x, outputs=[L.Linear(2)(h) + L.Linear(2)(x), h])


def _shared() -> Model:
    x = Input((3,))
    twice = L.Linear(3)
    return Model(inputs=x, outputs=twice(L.Tanh()(twice(x))))


def _nested() -> Model:
    x, y = Input((4,)), Input((3,))
    inner = Sequential([L.Linear(3), L.Tanh()])
    a, b = _branches()(x)
    return Model(inputs=[x, y], outputs=L.Concat()(inner(x) * y, inner(x), a, b))


def _entries() -> Model:
    """A table that embeds and classifies, a token that stands before every sequence, a mask that is kept as 0 and 1."""
    words, table = Input((3,)), Parameter((4, 2), name="table")
    token, kept = Parameter((1, 1, 2), name="token"), Buffer((2,), name="kept", kind="boolean")
    h = L.Embedding(4, 2).with_weights(weight=table)(words)
    h = L.Concat(dim=1)(L.Expand(("N", 1, 2))(token, h), h)
    y = L.Where()(kept, h, L.Number("mul", 0.5)(h))
    return Model(inputs=words, outputs=L.Linear(4, bias=False).with_weights(weight=table)(y))


def _given_statistics() -> Model:
    """Two inputs, and statistics that two normalisations read and move on, one after the other."""
    x, y, names = Input((2, 3)), Input((2, 3)), ("running_mean", "running_var")
    held = {name: Buffer((2,), name=name, init=Ones()) for name in names}
    a = L.BatchNorm1d(momentum=0.3, affine=False).with_weights(held)(x)
    b = L.BatchNorm1d(momentum=0.2, affine=False).with_weights(held)(y)
    return Model(inputs=[x, y], outputs=L.Multiply()(a, b))


def _computed_weight() -> Model:
    """A linear map whose weight is computed: rows of a parameter, each divided by its length."""
    x, v = Input((3,)), Parameter((4, 3), name="linear.v")
    weight = L.Binary("div")(v, L.Reduce("norm", dims=(1,), keepdim=True)(v))
    return Model(inputs=x, outputs=L.Linear(4, name="linear").with_weights(weight=weight)(x))


def _normalised_twice() -> Model:
    """A normalisation that is called twice: its statistics move on twice."""
    x = Input((2, 3, 3))
    norm = L.BatchNorm2d(momentum=0.3)
    return Model(inputs=x, outputs=norm(L.Tanh()(norm(x))))


def _recurrence_twice() -> Model:
    """Both states led on: into a layer called again, and out of the model."""
    x, lengths = Input((4, 3)), Input(())
    twice = L.LSTM(3)
    first, state = twice(x, lengths=lengths)
    again, (h, c) = twice(first, state, lengths=lengths)
    return Model(inputs=[x, lengths], outputs=[L.LastStep()(again, lengths=lengths), h, c])


def _words() -> Model:
    """GRU, then LSTM, then a cell, with dropout: what flows between them is h."""
    words = Input((5,))
    h, _ = L.GRU(3, num_layers=2, dropout=0.3)(L.Embedding(6, 3)(words))
    y, (_, c) = L.LSTM(4, bidirectional=True)(L.Dropout(0.3)(h))
    last = L.LastStep()(y)
    return Model(inputs=words, outputs=[L.GRUCell(2)(last), c])


CASES: dict[type[Description], list[Case]] = {
    Sequential: [
        Case(
            Sequential([L.Linear(6), L.Tanh(), L.Dropout(0.3), L.Linear(2)]), ((4,),), "prefixed names, dropout inside"
        ),
        Case(
            Sequential([L.OneHot(5), L.GRU(3, num_layers=2), L.LSTM(4), L.LastStep(), L.Linear(2)]),
            ((4,),),
            "no gradient asked of the first layer; first outputs go on",
            batch=3,
        ),
    ],
    Model: [
        Case(_branches(), ((4,),), "a value that feeds two nodes, two outputs, one of them read on"),
        Case(_shared(), ((3,),), "a layer called twice: its gradients add up"),
        Case(_nested(), ((4,), (3,)), "two inputs, models inside a model, one of them called twice"),
        Case(_normalised_twice(), ((2, 3, 3),), "a normalisation called twice: its statistics move on twice"),
        Case(_entries(), ((3,),), "weights and buffers that are values of the graph, one of them read twice"),
        Case(_given_statistics(), ((2, 3), (2, 3)), "statistics of the graph that two normalisations move on"),
        Case(_computed_weight(), ((3,),), "a weight that the graph computes"),
        Case(_recurrence_twice(), ((4, 3), ()), "an LSTM called again from its own final state", batch=3, scale=SMALL),
        Case(_words(), ((5,),), "words through GRU and LSTM into a cell, some outputs unused", batch=3, scale=SMALL),
    ],
    Residual: [
        Case(Residual([L.Conv2d(2, 3, padding=1), L.Tanh()]), ((2, 3, 3),), "x itself goes around"),
        Case(
            Residual(
                [L.Conv2d(4, 3, stride=2, padding=1, bias=False), L.BatchNorm2d()], shortcut=L.Conv2d(4, 1, stride=2)
            ),
            ((2, 4, 3),),
            "a convolution goes around",
        ),
    ],
    TransformerEncoderLayer: [
        Case(TransformerEncoderLayer(2, dim_feedforward=5), ((3, 4),), "normalised last, with dropout", batch=3),
        Case(
            TransformerEncoderLayer(2, dim_feedforward=5, dropout=0.0, norm_first=True, activation="gelu"),
            ((3, 4), LENGTHS),
            "normalised first, lengths",
            batch=3,
        ),
        Case(
            TransformerEncoderLayer(2, dim_feedforward=3, bias=False, causal=True, layer_norm_eps=0.1),
            ((4, 4),),
            "causal, no biases, an eps that shows",
            batch=2,
        ),
        Case(
            TransformerEncoderLayer(2, dim_feedforward=3), ((3, 4), (2, 3, 3), LENGTHS), "a mask for each head", batch=2
        ),
    ],
    TransformerDecoderLayer: [
        Case(TransformerDecoderLayer(2, dim_feedforward=5, causal=True), ((3, 4), (5, 4)), "two attentions", batch=3),
        Case(
            TransformerDecoderLayer(2, dim_feedforward=3, dropout=0.0, norm_first=True, activation="gelu", bias=False),
            ((3, 4), (2, 4), (1, 3, 3), (2, 3, 2)),
            "normalised first, no biases, both masks",
            batch=3,
        ),
        Case(
            TransformerDecoderLayer(1, dim_feedforward=3, layer_norm_eps=0.1),
            ((2, 4), (3, 4), (1, 1, 2)),
            "a mask of tgt alone, an eps that shows",
            batch=2,
        ),
    ],
    TransformerEncoder: [
        Case(
            TransformerEncoder(TransformerEncoderLayer(2, dim_feedforward=3), 2, norm=L.LayerNorm()),
            ((3, 4), (1, 1, 3), LENGTHS),
            "two layers under one mask, normalised",
            batch=3,
        ),
        Case(TransformerEncoder(TransformerDecoderBlock(1), 2), ((3, 4),), "blocks of a language model", batch=2),
    ],
    TransformerDecoder: [
        Case(
            TransformerDecoder(TransformerDecoderLayer(2, dim_feedforward=3), 2, norm=L.LayerNorm()),
            ((3, 4), (2, 4), (1, 3, 3), (1, 1, 2)),
            "two layers that read the same memory",
            batch=3,
        ),
    ],
    Transformer: [
        Case(
            Transformer(2, num_encoder_layers=2, num_decoder_layers=1, dim_feedforward=3, dropout=0.0, causal=True),
            ((3, 4), (2, 4)),
            "memory that one layer reads",
            batch=3,
        ),
        Case(
            Transformer(
                1,
                num_encoder_layers=1,
                num_decoder_layers=2,
                dim_feedforward=3,
                norm_first=True,
                layer_norm_eps=0.1,  # no normalisation so sharp that its slope cancels
            ),
            ((2, 4), (3, 4), (1, 1, 2), (1, 3, 3), (1, 1, 2)),
            "three masks, dropout, normalised first",
            batch=2,
        ),
        Case(
            Transformer(
                2,
                custom_encoder=TransformerEncoder(TransformerEncoderLayer(1, dim_feedforward=2), 1),
                custom_decoder=TransformerDecoder(TransformerDecoderLayer(2, dim_feedforward=3), 1),
            ),
            ((2, 4), (3, 4)),
            "other stacks in place of torch's",
            batch=2,
        ),
    ],
    TransformerDecoderBlock: [
        Case(TransformerDecoderBlock(2), ((4, 4),), "four times as wide in the middle", batch=2),
        Case(TransformerDecoderBlock(1, dim_feedforward=3, dropout=0.0), ((3, 2), LENGTHS), "lengths, no dropout"),
    ],
}
