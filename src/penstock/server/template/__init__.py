"""The template's side: a process that imports the application once and forks the workers of its generation.

Never:  serves, starts a thread, outlives the master.
"""
