"""The engines: numpy_impl computes from scratch, torch_impl the way a PyTorch expert would."""

if __name__ != "isograd.backends":
    raise ImportError(
        f"isograd.backends was imported as {__name__!r}, which would load every registry a second time\n"
        "  fix    install the project (make test does) and import isograd.backends"
    )
