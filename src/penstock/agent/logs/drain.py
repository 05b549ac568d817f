"""From the rings of one kind to its logs: take a batch, format it, write it, commit it, take the next.

A batch is committed when its last byte has left, to whichever logs its lines go. Until then nothing else of
this kind is taken: while an output is stalled its records stay in the rings, where the workers drop and count
what no longer fits, and the other kind goes on undisturbed. Rings take turns, a batch each, so a busy worker
cannot starve a quiet one.

In:     ring readers, a format, outlets.
Out:    written batches; counts in the header of the segment.
Never:  waits; holds more than one batch.
"""

from collections.abc import Callable, Sequence
from typing import Final

from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.outlet import Outlet
from penstock.agent.logs.output import Kind
from penstock.telemetry.memory import layout
from penstock.telemetry.memory.segment import Segment, add_to
from penstock.telemetry.records.ring import Batch, RingReader

# Large enough that a batch's fixed costs (a dozen calls, one write) vanish, small enough that one hostile
# line, which makes its whole batch take the careful path, costs its neighbours little, and its text stays
# below 128 KiB: larger blocks are new pages from the kernel each time (malloc(3)), 0.2 us a line.
BATCH_RECORDS: Final = 192


# What a format makes of a batch for one outlet: lines, and how many records stand in them.
Portion = tuple[bytes, int]


class Drain:
    """One kind of records on its way to one log, or two."""

    __slots__ = (
        "_format",
        "_ledger",
        "_next",
        "_notices",
        "_on_commit",
        "_pending",
        "_readers",
        "_words",
        "outlets",
    )

    def __init__(  # noqa: PLR0913 - the parts of a pipeline
        self,
        segment: Segment,
        readers: Sequence[RingReader],
        form: Callable[[Batch], Sequence[Portion]],
        outlets: Sequence[Outlet],
        *,
        ledger: Ledger,
        on_commit: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        """Connect the parts.

        Args:
            segment: for the agent's counters.
            readers: rings that take turns.
            form: a batch as a portion for each outlet.
            outlets: where they go; what the agent says itself goes to the first.
            ledger: where commits are kept.
            on_commit: given each batch that is through and holds records.
        """
        self._words = segment.words
        self._readers = readers
        self._format = form
        self.outlets = tuple(outlets)
        self._ledger = ledger
        self._on_commit = on_commit
        self._next = 0
        self._pending: tuple[RingReader, Batch, Sequence[int]] | None = None
        self._notices = b""

    def step(self) -> bool:
        """Take every ring's turn once; True = something moved."""
        if not (self._finish() if self._pending else self._flush()):
            return False
        if self._notices and not self._write_notices():
            return False
        moved = False
        for _ in self._readers:
            reader = self._readers[self._next]
            self._next = (self._next + 1) % len(self._readers)
            batch = reader.take(BATCH_RECORDS)
            if batch is not None:
                moved = True
                if not self._write(reader, batch):
                    break
        return moved

    @property
    def pending_bytes(self) -> int:
        """What outputs have not taken yet."""
        return sum(outlet.output.pending_bytes for outlet in self.outlets)

    def is_empty(self) -> bool:
        """Nothing pending and nothing in the rings."""
        if self._pending or self._notices or self.pending_bytes:
            return False
        return all(reader.is_empty() for reader in self._readers)

    def say(self, text: bytes) -> None:
        """Write lines of the agent's own, before the next batch; they are few and short."""
        self._notices += text

    def reopen(self) -> None:
        """The files were rotated by somebody else."""
        for outlet in self.outlets:
            outlet.reopen()

    def tick(self) -> None:
        """Once a second: what outlets do about time, unless lines of theirs are not committed yet."""
        if self._pending is None:
            for outlet in self.outlets:
                outlet.tick()

    def close(self) -> None:
        """Count the pending batch as lost, and close."""
        if self._pending:
            lost = sum(outlet.output.give_up() for outlet in self.outlets)
            add_to(self._words, layout.AGENT_DISCARDED_WORD, lost)
            self._pending = None
        for outlet in self.outlets:
            outlet.close()

    def _flush(self) -> bool:
        """Go on with pending texts, each as far as it goes; True = none is left."""
        is_through = True
        for outlet in self.outlets:
            is_through &= outlet.output.flush()
        return is_through

    def _write_notices(self) -> bool:
        """Lines that belong to no ring; True = they left. A file's committed size follows alone."""
        text, self._notices = self._notices, b""
        first = self.outlets[0]
        if not first.write(text):
            return False
        if size := first.settle():
            self._ledger.commit_size(*size)
        return True

    def _write(self, reader: RingReader, batch: Batch) -> bool:
        """Format and write; True = all of it left and is committed."""
        if batch.damaged:
            add_to(self._words, layout.AGENT_DAMAGED_WORD, batch.damaged)
        portions = self._portions_of(batch)
        self._pending = (reader, batch, [count for _, count in portions])
        for outlet, (text, _) in zip(self.outlets, portions, strict=True):
            outlet.write(text)
        return self._finish()

    def _portions_of(self, batch: Batch) -> Sequence[Portion]:
        """A batch as lines; one that cannot be formatted is counted as damaged, and the agent lives on."""
        nothing = [(b"", 0) for _ in self.outlets]
        if not batch.rows or all(outlet.output.kind is Kind.OFF for outlet in self.outlets):
            return nothing
        try:
            return self._format(batch)
        except Exception:  # noqa: BLE001 - hostile memory; ending would only read the same batch again
            add_to(self._words, layout.AGENT_DAMAGED_WORD, len(batch.rows))
            return nothing

    def _finish(self) -> bool:
        """Go on with the pending texts; commit when they are through."""
        if not self._flush() or self._pending is None:
            return False
        reader, batch, counts = self._pending
        self._pending = None
        sizes = [size for outlet in self.outlets if (size := outlet.settle())]
        self._ledger.commit(reader.tail_word, batch.tail, sizes)
        if batch.rows:
            self._on_commit(batch)
        for outlet, count in zip(self.outlets, counts, strict=True):
            self._count_lines(outlet, count)
        return True

    def _count_lines(self, outlet: Outlet, count: int) -> None:
        """Count what an outlet was given as written, or as lost."""
        if outlet.output.kind is Kind.GONE:
            outlet.lost_lines += count
            add_to(self._words, layout.AGENT_DISCARDED_WORD, count)
        elif outlet.output.kind is not Kind.OFF:
            add_to(self._words, layout.AGENT_LINES_WORD, count)
