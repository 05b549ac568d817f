"""Media types, and which of them a client would rather have.

In:     one element of an Accept field, or a type that a program offers.
Out:    whether they match, how much the one is wanted, how narrowly it is put.
Never:  splits an Accept field (request.py).

Rules:  RFC 9110 section 12.4.2 (quality) and 12.5.1 (ranges and their precedence).
"""

import contextlib
from functools import cached_property

from penstock.web.utils.http import parse_header_parameters


class MediaType:
    """A media type or range, with its parameters.

    Attributes:
        main_type: before the slash, or "*".
        sub_type: after it, or "*".
        params: all parameters, "q" among them.
    """

    def __init__(self, media_type_raw_line: object) -> None:
        line = str(media_type_raw_line) if media_type_raw_line else ""
        full_type, self.params = parse_header_parameters(line)
        self.main_type, _, self.sub_type = full_type.partition("/")

    def __str__(self) -> str:
        full_type = f"{self.main_type}/{self.sub_type}" if self.sub_type else self.main_type
        return "; ".join([full_type, *(f"{name}={value}" for name, value in self.params.items())])

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self}>"

    @cached_property
    def range_params(self) -> dict[str, str]:
        """The parameters that belong to the type: all but "q"."""
        return {name: value for name, value in self.params.items() if name != "q"}

    @cached_property
    def quality(self) -> float:
        """How much it is wanted, 0 to 1 in steps of 0.001; 1 if that is not said well."""
        with contextlib.suppress(ValueError):
            said = float(self.params.get("q", 1))
            if 0 <= said <= 1:
                return round(said, 3)
        return 1

    @cached_property
    def specificity(self) -> int:
        """How narrowly it is put: 0 for anything, 1 for "text/*", 2 for "text/html", 3 with parameters."""
        if self.main_type == "*":
            return 0
        if self.sub_type == "*":
            return 1
        return 3 if self.range_params else 2

    def match(self, other: "MediaType | str | None") -> bool:
        """Tell whether `other`, as a range, takes this in; either may have wildcards."""
        if not other:
            return False
        theirs = MediaType(other) if isinstance(other, str) else other
        is_type = _is_alike(self.main_type, theirs.main_type) and _is_alike(self.sub_type, theirs.sub_type)
        return is_type and theirs.range_params in ({}, self.range_params)


def _is_alike(mine: str, theirs: str) -> bool:
    return bool(mine and theirs) and (mine == theirs or "*" in (mine, theirs))
