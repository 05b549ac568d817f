"""Where a request was: its trace and spans while it runs, and which are kept when it is over."""
