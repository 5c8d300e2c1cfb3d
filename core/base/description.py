"""Descriptions: frozen, self-validating records that round-trip through JSON.

Every layer, loss, optimizer, schedule, initial law and metric is one. A family (say "layer") has one
registry, filled by the decorator `describes`; the law of five is checked against these registries.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Annotated, Any, ClassVar, Self, TypeVar, dataclass_transform, get_type_hints

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ArgsKwargs, SchemaValidator

from isograd.core.base.errors import FileError, SpecError, shortened, shown
from isograd.core.base.findings import explained
from isograd.core.base.json_text import read_json
from isograd.core.base.limits import AXES, NUMBER

T = TypeVar("T")
REGISTRY: dict[str, dict[str, type[Description]]] = {"custom_layer": {}, "custom_loss": {}}
VALIDATORS: dict[type, SchemaValidator] = {}
"""By description class, for those in use: to build all of them would take as long as the rest of `import isograd`."""
FORMAT = 3  # of the JSON text; a reader refuses what it does not know
FORMER: dict[tuple[str, str], tuple[int, str]] = {
    ("schedule", "ConstantLR"): (1, "FixedLR"),
    ("layer", "Unfold"): (2, "UnfoldDim"),
    ("layer", "Im2col"): (2, "Unfold"),
    ("layer", "Col2im"): (2, "Fold"),
}
"""{(family, name in texts up to a format): (that format, name today)}: later the name is free for another one."""


def as_int(value: object) -> object:
    """NumPy integers are as good as Python's; booleans and floats are not integers."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        return value
    try:
        number = operator.index(value)
    except TypeError:  # an array of several
        return value
    if abs(number) > NUMBER:
        raise ValueError(f"a whole number within ±{NUMBER}")
    return number


def as_tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _no_nan(value: float) -> float:
    if value != value:
        raise ValueError("a number, which NaN is not")
    return value


Int = Annotated[int, BeforeValidator(as_int)]
Count = Annotated[int, BeforeValidator(as_int), Field(gt=0)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Real = Annotated[int | float, BeforeValidator(as_int), AfterValidator(_no_nan)]
"""A whole number stays one, and ±∞ is a number."""
Dims = Annotated[tuple[Int, ...], BeforeValidator(as_tuple), Field(max_length=AXES)]
Floats = Annotated[tuple[float, ...], BeforeValidator(as_tuple)]


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def describes(family: str, *, abstract: bool = False) -> Callable[[type[T]], type[T]]:
    """Make a class a frozen description of `family`: options keyword-only, bad values an error of ours.

    An abstract one is a base of the family and stays out of its registry.
    """

    def decorate(cls: type[T]) -> type[T]:
        cls.family = family  # type: ignore[attr-defined]
        made = dataclass(init=False, repr=False, eq=False, kw_only=True)(cls)
        if not abstract:
            register(family, made)  # type: ignore[arg-type]
        return made

    return decorate


def validator(cls: type) -> SchemaValidator:
    """What checks the arguments of `cls`: built at its first use."""
    if cls not in VALIDATORS:
        from pydantic import TypeAdapter

        VALIDATORS[cls] = TypeAdapter(cls).validator  # type: ignore[assignment]
    return VALIDATORS[cls]


class Signature:
    """`__signature__` of a description class, positional fields first, the types that Annotated limits as they are.

    Of the class alone: an instance may be callable itself, and a class with an `__init__` of its own has that one's.
    """

    def __get__(self, instance: object, cls: type[Description]) -> inspect.Signature:
        if instance is not None or cls.__init__ is not Description.__init__:
            raise AttributeError("__signature__")
        try:
            types = get_type_hints(cls)
        except NameError:  # a type that only a type checker can look up stays as it is written
            types = {f.name: f.type for f in dataclasses.fields(cls)}
        ordered = sorted(dataclasses.fields(cls), key=lambda f: bool(f.kw_only))
        return inspect.Signature([_parameter(f, types[f.name]) for f in ordered])


def _parameter(f: dataclasses.Field[Any], annotation: object) -> inspect.Parameter:
    kind = inspect.Parameter.KEYWORD_ONLY if f.kw_only else inspect.Parameter.POSITIONAL_OR_KEYWORD
    default = inspect.Parameter.empty if default_of(f) is dataclasses.MISSING else default_of(f)
    return inspect.Parameter(f.name, kind, default=default, annotation=annotation)


def register(family: str, cls: type[Description]) -> None:
    """Make `cls` known to its family by its name."""
    members = REGISTRY.setdefault(family, {})
    if cls.__name__ in members:
        raise TypeError(f"two descriptions of the family {family!r} are named {cls.__name__}")
    members[cls.__name__] = cls


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def _root(cls: type[T]) -> type[T]:
    return dataclass(init=False, repr=False, eq=False)(cls)


@_root
class Description:
    """Base of all descriptions: checked when made, equality by value, a short repr, JSON both ways.

    It is frozen here, once: dataclass(frozen=True) would compile two methods for every class, a quarter of
    `import isograd`.
    """

    family: ClassVar[str]
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True)
    __signature__ = Signature()

    def __init__(self, /, *args: Any, **options: Any) -> None:
        """Raises SpecError for arguments that the class's signature does not have, or of wrong types or values."""
        self._check_described()
        defaults = {f.name: default_of(f) for f in dataclasses.fields(self)}
        if not args and not options and all(value is not dataclasses.MISSING for value in defaults.values()):
            vars(self).update(defaults)  # nothing to check: `import isograd` builds no validator
            self.__post_init__()
            return
        try:
            validator(type(self)).validate_python(ArgsKwargs(args, options), self_instance=self)
        except ValidationError as error:
            raise explained(type(self), args, options, error) from None

    @classmethod
    def _check_described(cls) -> None:
        """Raise where a class names options that nobody has entered: they would be lost."""
        own = vars(cls)
        named = [name for name, kind in own.get("__annotations__", {}).items() if "ClassVar" not in str(kind)]
        if named and "__dataclass_fields__" not in own:
            raise SpecError(
                cls.__name__,
                wanted=f"a class with @describes({cls.family!r}), so that {named[0]}= is an option of it",
                got="a class without",
                fix="from isograd.core.base.description import describes",
            )

    def __setattr__(self, name: str, value: object) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __post_init__(self) -> None:
        """What holds between several options: raises SpecError where it does not."""

    def __repr__(self) -> str:
        """Positional arguments, then only the options that differ from their defaults."""
        fields = dataclasses.fields(self)
        parts = [repr(getattr(self, f.name)) for f in fields if not f.kw_only]
        for f in fields:
            value = getattr(self, f.name)
            if f.kw_only and f.name != "name" and value != default_of(f):
                parts.append(f"{f.name}={value!r}")
        return f"{type(self).__name__}({', '.join(parts)})"

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash((type(self), self._values()))

    def to_dict(self) -> dict[str, Any]:
        """{family: class name, option: value, …}: every option, so that no default can drift."""
        options = {f.name: _encode(getattr(self, f.name)) for f in dataclasses.fields(self)}
        return {self.family: type(self).__name__, **options}

    @classmethod
    def from_options(cls, options: dict[str, Any]) -> Description:
        """The inverse of `to_dict`, its family tag removed."""
        return cls(**{name: _decode(value) for name, value in options.items()})

    def to_json(self) -> str:
        return json.dumps({"isograd": FORMAT, **self.to_dict()}, indent=1)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Rebuild a description from `to_json`'s text; nothing in the text can run code.

        Raises FileError for text that is not JSON or of another format, SpecError for unknown names
        or bad values.
        """
        record = read_json(text)
        form = record.get("isograd") if isinstance(record, dict) else None
        if type(form) is not int or not 1 <= form <= FORMAT:
            got = type(record).__name__ if not isinstance(record, dict) else "none" if form is None else shown(form)
            raise FileError(
                "JSON text",
                wanted=f'an object with "isograd": 1 to {FORMAT}',
                got=got,
                fix="write it with to_json, or update isograd",
            )
        if form < FORMAT:
            record = json.loads(text, object_hook=partial(_renamed, form))
        made = from_dict({key: value for key, value in record.items() if key != "isograd"})
        if not isinstance(made, cls):
            raise SpecError(
                "JSON text",
                wanted=f"a {cls.__name__}",
                got=f"a {type(made).__name__}",
                fix=f"read it with {type(made).__name__}.from_json",
            )
        return made


def check_described(where: str, given: object, kind: type[Description], fix: str) -> None:
    """SpecError unless `given` is a description of this kind, or None."""
    if given is not None and not isinstance(given, kind):
        article = "an" if kind.family[0] in "aeiou" else "a"
        raise SpecError(where, wanted=f"{article} {kind.family} description, or None", got=shown(given), fix=fix)


def default_of(f: dataclasses.Field[Any]) -> object:
    return f.default_factory() if f.default_factory is not dataclasses.MISSING else f.default


def _renamed(form: int, record: dict[str, Any]) -> dict[str, Any]:
    """An object of a text of this format, its description under the name that it has today."""
    for (family, former), (last, name) in FORMER.items():
        if form <= last and record.get(family) == former:
            return record | {family: name}
    return record


def from_dict(record: Mapping[str, Any], where: str = "JSON") -> Description:
    """The description a dictionary stands for: its family tag names the registry and the class."""
    family = next((tag for tag in REGISTRY if tag in record), None)
    if family is None:
        raise SpecError(
            where,
            wanted=f"one of the keys {', '.join(sorted(REGISTRY))}",
            got=shown(sorted(record)),
            fix="write the text with to_json",
        )
    options = dict(record)
    kind = options.pop(family)
    cls = REGISTRY[family].get(kind) if isinstance(kind, str) else None
    if cls is None:
        own = family.startswith("custom")
        raise SpecError(
            f'{where}: "{family}": {shortened(json.dumps(kind), 100)}',
            wanted=f"a known {family}: {', '.join(sorted(REGISTRY[family])) or 'none yet'}",
            got=shown(kind),
            fix="run its @ig.custom function before reading: a file holds the name alone, never code"
            if own
            else f"mend the name, or register the {family} before reading",
        )
    return cls.from_options(options)


INFINITIES = {"inf": inf, "-inf": -inf}


def _encode(value: object) -> object:
    if isinstance(value, Description):
        return value.to_dict()
    if isinstance(value, float) and value in INFINITIES.values():  # JSON has no word for it
        return {"float": str(float(value))}
    return [_encode(v) for v in value] if isinstance(value, tuple) else value


def _decode(value: object) -> object:
    if isinstance(value, dict):
        named = value["float"] if value.keys() == {"float"} else None
        return INFINITIES[named] if isinstance(named, str) and named in INFINITIES else from_dict(value)
    return tuple(_decode(v) for v in value) if isinstance(value, list) else value
