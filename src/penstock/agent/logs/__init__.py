"""From records in the rings to lines in files: the single writer's hand.

journals.py     the logs that a configuration asks for
drain.py        rings of one kind -> their logs, a batch at a time
form.py         from the words of the configuration to what makes lines
access_line.py  a batch of access records as text
json_line.py    as JSON
template.py     in the operator's own form
error_line.py   an application's or the server's own record as text
escape.py       what a client may put into a line
outlet.py       one log: output, committed size, rotation
output.py       a file, a pipe, a terminal, a socket: none holds the agent up
ledger.py       what was written, kept in shared memory
rotation.py     when a file makes way
archive.py      rotated files: names, compression, retention
archivist.py    the thread that looks after them
syncing.py      when lines reach the disk itself
reading/        files back into entries: `penstock logs`
"""
