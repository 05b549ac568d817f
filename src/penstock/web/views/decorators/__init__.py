"""What may stand around one view, synchronous or not.

http.py    methods, conditional requests     vary.py           Vary
cache.py   caching, here and elsewhere       clickjacking.py   frames
csrf.py    forms                             common.py         the closing slash
gzip.py    compression                       debug.py          what error reports hide
"""
