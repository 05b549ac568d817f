"""What stands in the shared memory: where, written and read word by word. Knows no record."""
