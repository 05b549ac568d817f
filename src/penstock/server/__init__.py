"""Master, workers, loop, connections: from a listening socket to a complete request and back."""

from penstock.server.errors import StartError
from penstock.server.master.master import serve
from penstock.server.plan import ServePlan

__all__ = ["ServePlan", "StartError", "serve"]
