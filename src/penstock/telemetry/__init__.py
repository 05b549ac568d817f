"""Scoreboard, histograms, rings: shared memory, never blocks, never raises."""
