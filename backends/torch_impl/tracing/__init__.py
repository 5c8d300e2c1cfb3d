"""Traces of modules that others wrote: run as they are, every part watched.

`hooks` sees what each part is given and makes; `running` makes one run of evaluation, training and steps; `recording`
makes the trace of several.
"""
