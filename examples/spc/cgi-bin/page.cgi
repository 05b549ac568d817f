#!/usr/bin/env python3
"""The page of spc.drawing.page as a CGI script: Python and NumPy are started for each request."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from penstock.wsgi.cgi import run
from spc.drawing.page import application

run(application)
