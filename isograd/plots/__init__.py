"""Pictures, drawn with matplotlib from arrays into files; no window, no global state."""
