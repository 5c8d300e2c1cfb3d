"""What training is: batches in one seeded order, steps, validation, history. Knows no backend."""
