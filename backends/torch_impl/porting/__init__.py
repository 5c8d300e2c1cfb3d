"""An original nn.Module and its port: which part differs first, and why: `compare_modules`.

`alignment` and `pairing` say which part and weight stands for which, `orientation` which are transposed; `side` runs
one module and `masks` draws for it; `comparing` and `stepping` judge both by rounding; `locating` finds the parts that
are at fault by themselves, `recording` and `flow` the call in their code that is, `words` says it; `writing` makes the
report.
"""

from isograd.backends.torch_impl.porting.entrance import compare_modules

__all__ = ["compare_modules"]
