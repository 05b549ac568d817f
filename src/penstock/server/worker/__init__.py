"""The worker's side: one process with sockets, a loop, and threads that call the application.

    its life           worker  warmup
    sockets            reception  connection  transmission  upload  spool  flow  phase
    time               deadlines  timekeeper  interrupt  watcher
    who runs what      loop  pool  lanes

Never:  forks; writes a log file.
"""
