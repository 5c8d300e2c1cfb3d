"""Plain loops to read first: what the fast operations compute, written as the formulas say it."""
