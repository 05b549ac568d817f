"""What Django keeps among its template tags and Jinja2 environments import.

In:     nothing.
Out:    `static`.
Never:  a template tag: Django's template language is not there.
"""
