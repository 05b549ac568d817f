"""The master's side: what it knows of its children, what it decides about them, and what it does.

    decides, without touching a process    roster  lifecycle  backoff  recycling  renewal  overseer
    forks, signals, hears                  family  nursery  guardian  warden  handover  succession
    says and reads                         notify  pid_file  oom_killer
    all of it together                     master

Never:  imports the application, accepts a connection, starts a thread.
"""
