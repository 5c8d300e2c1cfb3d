"""The stages of a parity check: nodes alone, losses, the whole graph, optimizer steps."""
