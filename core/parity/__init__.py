"""What matching means: tolerances, the stages of a parity check, the witnesses, the report."""
