"""What people fill in, and what is said at the field where it is wrong.

Tokens against forged requests are the middleware's (penstock.web.middleware.csrf), not these forms'.
"""
