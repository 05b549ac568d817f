"""From records in the rings to lines in files: the single writer's hand.

drain.py        rings of one kind -> one output, a batch at a time
access_line.py  a batch of access records as text         json_line.py  as JSON
error_line.py   an application's or the server's own record as text
escape.py       what a client may put into a line
output.py       a file, a pipe, a terminal, a socket: none holds the agent up
ledger.py       what was written, kept in shared memory
"""
