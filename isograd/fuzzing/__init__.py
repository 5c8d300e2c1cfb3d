"""Random graphs held to parity: drawn from the tables of cases, shrunk where they fail, written as a test."""
