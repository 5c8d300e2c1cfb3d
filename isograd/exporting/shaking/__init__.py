"""What of isograd's own source one model needs, taken from it by reading it: no templates, no second wording.

`reading.py` reads a module, `facts.py` tells what a piece of source asks for, `shaken.py` follows that to its end,
`wording.py` writes down what was found, `literals.py` writes values, `page.py` what stands around both.
"""

from isograd.exporting.shaking.shaken import Shaken

__all__ = ["Shaken"]
