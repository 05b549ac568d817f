"""An application that takes its worker away: it sleeps, or holds the GIL inside a C function."""

import os
import re
import time
from urllib.parse import parse_qs

# Each letter doubles the time: 26 take some seconds. No other thread of the process runs meanwhile.
HOPELESS = re.compile(r"(?:a|a)*b")


def application(environ, start_response):
    path, query = environ["PATH_INFO"], parse_qs(environ["QUERY_STRING"])
    if begun := query.get("begun"):
        with open(begun[0], "a") as file:
            file.write("begun\n")
    if path == "/sleep":
        time.sleep(float(query["s"][0]))
    elif path == "/hold":
        HOPELESS.match("a" * int(query["letters"][0]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"%d\n" % os.getpid()]
