"""What the site remembers of a browser between requests.

In:     the session cookie.
Out:    `request.session`, a mapping that is saved when it changed.
Never:  keeps sessions in a database: there are signed cookies, files and caches.
"""
