"""What training is made of: losses, optimizers, schedules and metrics, described."""
