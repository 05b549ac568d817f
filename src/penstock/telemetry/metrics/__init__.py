"""What an application and its worker count: definitions, instruments, and their table in shared memory."""
