r"""The productions of RFC 9110 and 9112 that several files share.

Names are the RFC's.  Every pattern is used with `fullmatch`, matches bytes or
latin-1 text, and is linear: no production is nested in a repetition that it
could also begin (the two that come near use possessive quantifiers).

In:     nothing.
Out:    compiled patterns.
Never:  Unicode classes: `\d`, `\s` and `str.strip()` know digits and blanks that HTTP does not.

Rules:  RFC 9110 section 5.5 (field-value) and 5.6.2 (token), RFC 9112 section 7.1 (chunk),
        RFC 3986 section 3.2.2 (host).
"""

import re
from typing import Final

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - RFC 9110 section 5.6.2, not a secret

TOKEN_BYTES: Final = re.compile(_TOKEN.encode())
TOKEN: Final = re.compile(_TOKEN)

# RFC 9110 section 5.5: field-vchar, SP and HTAB.  A recipient may keep other
# control characters; we refuse them, no ordinary client sends any.
FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")

# RFC 9110 section 8.6: Content-Length = 1*DIGIT.  int() is laxer: it takes
# "+5", " 5" and "5_0", and each of those has been a smuggling bug elsewhere.
DIGITS: Final = re.compile(r"[0-9]{1,19}")

# RFC 9112 section 7.1 and 7.1.1.  16 hexadecimal digits are 64 bits.  The BWS
# that the RFC bids us accept is accepted around ";" and "=" only.
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'
_EXTENSION = rf"[ \t]*+;[ \t]*+{_TOKEN}(?:[ \t]*+=[ \t]*+(?:{_TOKEN}|{_QUOTED}))?"
CHUNK_LINE: Final = re.compile(rf"([0-9A-Fa-f]{{1,16}})((?:{_EXTENSION})*+)".encode("latin-1"))

# RFC 9112 section 3.2: Host = uri-host [ ":" port ].  Of reg-name only the
# unreserved characters are taken (Django takes fewer still), and no empty label
# (nginx): sub-delims, percent-encoding and ".." have no use but to be read in two ways.
_NAME = r"(?=[^:]{1,255}(?::|\Z))[A-Za-z0-9_~-]+(?:\.[A-Za-z0-9_~-]+)*+\.?"
_IPV6 = r"\[(?:[0-9A-Fa-f]{0,4}:){2,7}(?:[0-9A-Fa-f]{0,4}|[0-9.]{7,15})\]"
HOST: Final = re.compile(rf"(?:{_IPV6}|{_NAME})(?::[0-9]{{0,5}})?")
