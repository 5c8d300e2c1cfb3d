"""What can be wrong with one node of the source: (kind, the node that stands there instead)."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator, Mapping

Fault = tuple[str, ast.AST]


def operation_faults(node: ast.AST) -> Iterator[Fault]:
    """Arithmetic: a sign, a factor, a term, a transpose, an axis, the side of a comparison."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield "sign", ast.BinOp(left, ast.Sub(), right)
            yield "forgotten term", left
        case ast.BinOp(left, ast.Sub(), right):
            yield "sign", ast.BinOp(left, ast.Add(), right)
            yield "forgotten term", left
        case ast.BinOp(left, ast.Mult(), right):
            yield "missing factor", left
            yield "missing factor", right
        case ast.BinOp(left, ast.Div(), _):
            yield "missing factor", left
        case ast.BinOp(left, ast.MatMult(), right):
            yield "transposed", ast.BinOp(_transposed(left), ast.MatMult(), right)
        case ast.UnaryOp(ast.USub(), operand) if not isinstance(operand, ast.Constant):
            yield "sign", operand
        case ast.Attribute(value, "T"):
            yield "transposed", value
        case ast.Call(ast.Attribute(value, "swapaxes")):
            yield "transposed", value
        case ast.Call(ast.Attribute(_, "sum" | "max" | "mean"), [ast.Constant(axis), *_]) if isinstance(axis, int):
            yield "wrong axis", _with_axis(node, ast.Constant(1 - axis))
        case ast.Call(ast.Attribute(_, "sum" | "max" | "mean"), [ast.Attribute(_, "dim"), *_]):
            yield "wrong axis", _with_axis(node, ast.Constant(0))
        case ast.AugAssign(target, ast.Add(), value):
            yield "forgotten term", ast.Pass()
            yield "sign", ast.AugAssign(target, ast.Sub(), value)
        case ast.AugAssign(_, ast.Mult() | ast.Div(), _):
            yield "missing factor", ast.Pass()
        case ast.AugAssign(target, ast.Sub(), value):
            yield "forgotten term", ast.Pass()
            yield "sign", ast.AugAssign(target, ast.Add(), value)
        case ast.Assign([ast.Subscript(ast.Name("grads"), _)], _):
            yield "forgotten term", ast.Pass()
        case ast.Call(function, positional, [ast.keyword("axis", _)]):
            yield "wrong axis", ast.Call(function, positional, [ast.keyword("axis", ast.Constant(0))])
        case ast.Call(ast.Attribute(_, "reshape"), _, []):
            yield "transposed", ast.Call(node.func, node.args, [ast.keyword("order", ast.Constant("F"))])
        case ast.Return(ast.Tuple([result, *rest])) if not isinstance(result, ast.Constant):
            yield "sign", ast.Return(ast.Tuple([ast.UnaryOp(ast.USub(), result), *rest], ast.Load()))
        case ast.Compare(left, [ast.Gt() | ast.GtE()], right):
            yield "wrong side", ast.Compare(left, [ast.Lt()], right)


def condition_faults(node: ast.AST) -> Iterator[Fault]:
    """A condition that is turned round, or that is always or never met; `and` for `or`."""
    match node:
        case ast.If(test, body, orelse):
            for new in _other_than(test):
                yield "condition", ast.If(new, body, orelse)
        case ast.IfExp(test, body, orelse):
            for new in _other_than(test):
                yield "condition", ast.IfExp(new, body, orelse)
        case ast.comprehension(target, values, [test, *more], is_async):
            for new in _other_than(test):
                yield "condition", ast.comprehension(target, values, [new, *more], is_async)
        case ast.BoolOp(ast.And(), values):
            yield "and for or", ast.BoolOp(ast.Or(), values)
        case ast.BoolOp(ast.Or(), values):
            yield "and for or", ast.BoolOp(ast.And(), values)
        case ast.Compare(left, [ast.Eq()], right):
            yield "condition", ast.Compare(left, [ast.NotEq()], right)
        case ast.Compare(left, [ast.NotEq()], right):
            yield "condition", ast.Compare(left, [ast.Eq()], right)


def end_faults(node: ast.AST) -> Iterator[Fault]:
    """A range, a slice or a comparison that ends one too early or too late."""
    match node:
        case ast.Call(ast.Name("range") as name, [stop], []):
            yield "range end", ast.Call(name, [_moved(stop, -1)], [])
            yield "range end", ast.Call(name, [ast.Constant(1), stop], [])
        case ast.Call(ast.Name("range") as name, [start, stop, *step], []):
            yield "range end", ast.Call(name, [start, _moved(stop, -1), *step], [])
            yield "range end", ast.Call(name, [_moved(start, 1), stop, *step], [])
        case ast.Slice(lower, upper, step):
            if lower is not None:
                yield "range end", ast.Slice(_moved(lower, 1), upper, step)
                yield "range end", ast.Slice(None, upper, step)
            if upper is not None:
                yield "range end", ast.Slice(lower, _moved(upper, -1), step)
                yield "range end", ast.Slice(lower, _moved(upper, 1), step)
        case ast.Compare(left, [op], right) if type(op) in ENDS:
            yield "range end", ast.Compare(left, [ENDS[type(op)]()], right)


ENDS: Mapping[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}


def statement_faults(node: ast.AST) -> Iterator[Fault]:
    """A line that is forgotten; a copy that is not made; a yes for a no; a number that is one more."""
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Call(ast.Name("super"))))):
            return
        case ast.Expr(ast.Call()) | ast.Raise():
            yield "forgotten line", ast.Pass()
        case ast.Continue() | ast.Break():
            yield "forgotten line", ast.Pass()
        case ast.Assign([ast.Attribute() | ast.Subscript() | ast.Tuple([ast.Attribute(), *_])]):
            yield "forgotten line", ast.Pass()
        case ast.Call(ast.Attribute(value, "copy" | "clone"), [], []):
            yield "forgotten copy", value
        case ast.Call(ast.Name("deepcopy"), [value], []):
            yield "forgotten copy", value
        case ast.UnaryOp(ast.Not(), operand):
            yield "condition", operand
        case ast.Constant(bool() as value):
            yield "yes for no", ast.Constant(not value)
        case ast.Constant(int() as value):
            yield "wrong number", ast.Constant(value + 1)


def argument_faults(node: ast.AST) -> Iterator[Fault]:
    """Arguments in another order, or not handed on."""
    match node:
        case ast.Call(ast.Name("isinstance" | "hasattr" | "getattr" | "min" | "max")):
            return
        case ast.Call(ast.Attribute(ast.Name("np"), "array_equal" | "maximum" | "minimum")):
            return
        case ast.Call(function, positional, keywords):
            for k in range(len(positional) - 1):
                if ast.dump(positional[k]) != ast.dump(positional[k + 1]):
                    a, b = positional[k + 1], positional[k]
                    yield (
                        "swapped arguments",
                        ast.Call(function, [*positional[:k], a, b, *positional[k + 2 :]], keywords),
                    )
            for k, keyword in enumerate(keywords):
                if keyword.arg not in (None, "strict"):
                    yield "forgotten argument", ast.Call(function, positional, [*keywords[:k], *keywords[k + 1 :]])


KINDS: Mapping[str, Callable[[ast.AST], Iterator[Fault]]] = {
    "operations": operation_faults,
    "conditions": condition_faults,
    "ends": end_faults,
    "statements": statement_faults,
    "arguments": argument_faults,
}


def _other_than(test: ast.expr) -> list[ast.expr]:
    """Turned round, always met, never met: without what it is already."""
    turned = test.operand if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) else _not(test)
    return [turned, ast.Constant(True), ast.Constant(False)]


def _not(test: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.Not(), test)


def _moved(end: ast.expr, by: int) -> ast.expr:
    if isinstance(end, ast.Constant) and isinstance(end.value, int):
        return ast.Constant(end.value + by)
    return ast.BinOp(end, ast.Add() if by > 0 else ast.Sub(), ast.Constant(abs(by)))


def _transposed(matrix: ast.expr) -> ast.expr:
    return ast.Call(ast.Attribute(matrix, "swapaxes", ast.Load()), [ast.Constant(-1), ast.Constant(-2)], [])


def _with_axis(call: ast.AST, axis: ast.expr) -> ast.AST:
    changed = copy.deepcopy(call)
    changed.args[0] = axis  # type: ignore[attr-defined]
    return changed
