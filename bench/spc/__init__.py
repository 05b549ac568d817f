"""The SPC site under load: `python -m bench.spc`, with a Python that has requirements/test.txt."""
