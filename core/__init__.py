"""What a model is, what training is, what matching means. Knows no backend."""

if __name__ != "isograd.core":
    raise ImportError(
        f"isograd.core was imported as {__name__!r}, which would load every registry a second time\n"
        "  fix    install the project (make test does) and import isograd.core"
    )
