"""Where messages go: an SMTP server, the console, memory, nowhere."""
