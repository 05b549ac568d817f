"""What is wrong with an uploaded file.

RefusedFileError    the file as a whole: nothing of it was read to the end
Fault               one row
Faults              all rows, of which the first MAX_KEPT are kept
"""

from dataclasses import dataclass, field

MAX_KEPT = 1000


class RefusedFileError(Exception):
    """A file that cannot be imported; the message says why, to whoever uploaded it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong; `row` counts from 1, which is the header of a CSV file."""

    row: int
    column: str
    message: str


@dataclass(slots=True)
class Faults:
    """What has been found so far.

    Raises:
        RefusedFileError: by `add`, when there are so many that reading on helps nobody.
    """

    kept: list[Fault] = field(default_factory=list)

    def add(self, row: int, column: str, message: str) -> None:
        """Remember one."""
        self.kept.append(Fault(int(row), column, message[:300]))
        if len(self.kept) >= MAX_KEPT:
            raise RefusedFileError(f"{MAX_KEPT} rows are wrong, and the rest was not read")

    @property
    def row_count(self) -> int:
        """How many rows are wrong; one may have several faults."""
        return len({each.row for each in self.kept})

    @property
    def unread_count(self) -> int:
        """How many of them have too many or too few fields, so that nothing of them was read."""
        return sum(not each.column for each in self.kept)

    def __len__(self) -> int:
        return len(self.kept)
