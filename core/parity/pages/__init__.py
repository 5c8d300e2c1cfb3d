"""Pages that need nothing else, no script, no font, no network: of a parity report, of a comparison, in a notebook."""
