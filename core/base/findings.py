"""What pydantic finds wrong with the arguments of a description, told as errors of ours."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from isograd.core.base.errors import IsogradError, SpecError, shortened, shown


def explained(cls: type, args: tuple[Any, ...], options: Mapping[str, Any], error: ValidationError) -> IsogradError:
    """pydantic's findings, told as ours: the first one, with the argument's name."""
    first = error.errors(include_url=False)[0]
    own = first.get("ctx", {}).get("error")
    if isinstance(own, IsogradError):  # raised by the description's own __post_init__
        return own
    written = ", ".join([*map(shown, args), *(f"{shortened(k, 100)}={shown(v)}" for k, v in options.items())])
    where = f"{cls.__name__}({written})"
    fields = dataclasses.fields(cls)
    positional = [f.name for f in fields if not f.kw_only]
    allowed = ", ".join([*positional, *(f"{f.name}=" for f in fields if f.kw_only)])
    key = first["loc"][0] if first["loc"] else None
    name = positional[key] if isinstance(key, int) and key < len(positional) else shortened(str(key), 100)
    match first["type"]:
        case "unexpected_positional_argument":
            takes = " and ".join(positional) or "none"
            last = ", ".join(map(shown, args[-len(positional) :]))
            sizes = positional and all(isinstance(a, int) and not isinstance(a, bool) for a in args)
            inferred = f"{cls.__name__}({last}): input sizes are inferred; " if sizes else ""
            return SpecError(
                where,
                wanted=f"{len(positional)} positional argument{'s' * (len(positional) != 1)} ({takes})",
                got=f"{len(args)}: {', '.join(map(shown, args))}",
                fix=f"{inferred}give options by keyword: {allowed}",
            )
        case "unexpected_keyword_argument":
            return SpecError(where, wanted=f"options among {allowed}", got=f"{name}=", fix=f"drop {name}= or mend it")
        case "missing":
            needed = [*positional, "…" if name in positional else f"{name}=…"]
            return SpecError(where, wanted=f"{name}", got="nothing", fix=f"{cls.__name__}({', '.join(needed)})")
    wanted = first["msg"].removeprefix("Input should be ").removeprefix("Value error, ")
    return SpecError(where, wanted=f"{name}: {wanted}", got=shown(first["input"]), fix=f"change {name}=")
