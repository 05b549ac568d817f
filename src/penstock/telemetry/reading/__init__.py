"""What a reader sees of running servers: their memory at one moment, their processes. Never writes."""
