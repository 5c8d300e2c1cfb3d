"""Layers put together: values, the resolved graph, models and other composites, custom layers, weights, files."""
