"""What every export carries beside the model's own operations: it needs nothing but NumPy.

`run.py`: what one run knows. `trees.py`: weights by name. `network.py`: the model with its weights. `tensors.py`: reads
safetensors. `selftest.py`: the self-test. None of it is used by isograd itself but the self-test's measure.
"""
