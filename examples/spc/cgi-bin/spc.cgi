#!/usr/bin/env python3
"""The whole site as a CGI script: it is imported, and its database opened, for each request."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from penstock.wsgi.cgi import run
from spc.wsgi import application

run(application)
