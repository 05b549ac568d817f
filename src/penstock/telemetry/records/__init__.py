"""Records of requests, log lines and spans, and the rings that bring them from a worker to the agent."""
