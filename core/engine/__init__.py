"""What an engine is: its protocol, the registry, what a batch must be, carried state, the context of a run."""
