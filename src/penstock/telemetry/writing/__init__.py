"""What a worker says: finished requests, log records and what is printed, into its slot and its rings."""
