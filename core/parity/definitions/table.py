"""The tables that definitions are entered into."""

from __future__ import annotations

from typing import TypeAlias

from isograd.core.base.table import Table

Index: TypeAlias = tuple[int, ...]

DEFINITIONS = Table("core/parity/definitions/")
defines = DEFINITIONS.implements

BUFFER_DEFINITIONS = Table("core/parity/definitions/, buffers")
defines_buffers = BUFFER_DEFINITIONS.implements
