"""Log files back into entries: what `penstock logs` reads.

line.py      one entry's text -> its fields, named as in JSON lines
query.py     which entries are asked for
volume.py    one file, plain or compressed: forward, or its last entries
shelf.py     the files of one log, oldest first, rotated ones included
follower.py  what is appended from now on, across rotations
"""

from penstock.agent.logs.reading.follower import Follower
from penstock.agent.logs.reading.line import Entry, Grammar
from penstock.agent.logs.reading.query import Query, QueryError, parse_query
from penstock.agent.logs.reading.shelf import Shelf

__all__ = ["Entry", "Follower", "Grammar", "Query", "QueryError", "Shelf", "parse_query"]
