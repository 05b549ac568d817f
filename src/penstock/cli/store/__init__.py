"""Commands that read the store: errors, traces, metrics of the last days."""
