"""Validators are equal when they judge equally.

In:     another object.
Out:    a bool.
Never:  hashes: what is compared may be a list.
Rules:  Django's.
"""


class EqualByValue:
    """Equal to another one of the same class with the same attributes."""

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # what Python does by itself, said aloud
