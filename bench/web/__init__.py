"""The framework beside Django, Flask, Bottle and Falcon: CPU per request in one process, without a server.

__main__.py   chooses scenarios, measures, writes RESULTS.md
scenarios.py  what is asked of whom, and the bars
sites.py      the same site in each framework
rounds.py     interleaved rounds of process_time
report.py     the page
"""
