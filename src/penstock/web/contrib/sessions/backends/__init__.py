"""Where sessions are kept: in the cookie itself, in files, in a cache."""
