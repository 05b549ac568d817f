"""Master, workers, loop, connections."""
