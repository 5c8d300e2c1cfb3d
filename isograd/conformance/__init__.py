"""An engine held to every case: `isograd parity --backend NAME`, `pytest --pyargs isograd.conformance --backend NAME`.

Neither needs more than isograd, the engine and, for the second, pytest. `isograd_pytest.py` gives pytest the options.
"""
