"""In a checkout the rooms lie beside this folder, not in it: let Python find them there, installed or not."""

from pathlib import Path

import isograd

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "pyproject.toml").is_file():
    isograd.__path__.append(str(ROOT))
