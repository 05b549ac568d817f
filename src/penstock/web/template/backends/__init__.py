"""Template engines: what each must offer (base.py), and Jinja2.

In:     nothing.
Out:    nothing: an engine is imported by the name that TEMPLATES gives.
Never:  imports one.
"""
