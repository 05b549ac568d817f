"""Where cached values stand: memory, files, nowhere."""
