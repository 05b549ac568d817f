"""The framework: Django's request -> response path, afresh.

Names, rules and settings are Django's, one level down: `django.http` is `penstock.web.http`.  It imports
nothing of the server and runs under any caller of PEP 3333.

In:     a WSGI environ.
Out:    status, headers, an iterable of bytes.
Never:  opens a socket, forks, or knows which server calls it.
"""
