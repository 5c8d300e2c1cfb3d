"""What an experiment is, how it is found and trained, and what stands beside it."""
