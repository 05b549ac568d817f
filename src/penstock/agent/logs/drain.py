"""From the rings of one kind to one output: take a batch, format it, write it, commit it, take the next.

A batch is committed when its last byte has left. Until then nothing else of this kind is taken: while an
output is stalled its records stay in the rings, where the workers drop and count what no longer fits, and the
other kind goes on undisturbed. Rings take turns, a batch each, so a busy worker cannot starve a quiet one.

In:     ring readers, a format, an output.
Out:    written batches; counts in the header of the segment.
Never:  waits; holds more than one batch.
"""

from collections.abc import Callable, Sequence
from typing import Final

from penstock.agent.logs.ledger import Ledger
from penstock.agent.logs.output import Kind, Output
from penstock.telemetry import layout
from penstock.telemetry.ring import Batch, RingReader
from penstock.telemetry.segment import Segment, add_to

# Large enough that a batch's fixed costs (a dozen calls, one write) vanish, small enough that one hostile
# line, which makes its whole batch take the careful path, costs its neighbours little, and its text stays
# below 128 KiB: larger blocks are new pages from the kernel each time (malloc(3)), 0.2 us a line.
BATCH_RECORDS: Final = 192


class Drain:
    """One kind of records on its way to one output."""

    __slots__ = (
        "_area",
        "_format",
        "_ledger",
        "_next",
        "_notices",
        "_on_commit",
        "_pending",
        "_readers",
        "_words",
        "lost_lines",
        "output",
    )

    def __init__(  # noqa: PLR0913 - the parts of a pipeline
        self,
        segment: Segment,
        readers: Sequence[RingReader],
        form: Callable[[Batch], bytes],
        output: Output,
        *,
        ledger: Ledger,
        area: int,
        on_commit: Callable[[Batch], None] = lambda _: None,
    ) -> None:
        """Connect the parts.

        Args:
            segment: for the agent's counters.
            readers: rings that take turns.
            form: a batch as lines.
            output: where they go.
            ledger: where commits are kept.
            area: the output's words in the header.
            on_commit: told each batch that is through, if there is a record in it.
        """
        self._words = segment.words
        self._readers = readers
        self._format = form
        self.output = output
        self._ledger = ledger
        self._area = area
        self._on_commit = on_commit
        self._next = 0
        self._pending: tuple[RingReader, Batch] | None = None
        self._notices = b""
        self.lost_lines = 0
        self._take_up_file()

    def step(self) -> bool:
        """Take every ring's turn once; True = something moved."""
        if not (self._finish() if self._pending else self.output.flush()):
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

    def is_empty(self) -> bool:
        """Nothing pending and nothing in the rings."""
        if self._pending or self._notices or self.output.pending_bytes:
            return False
        return all(reader.is_empty() for reader in self._readers)

    def say(self, text: bytes) -> None:
        """Write lines of the agent's own, before the next batch; they are few and short."""
        self._notices += text

    def give_up(self) -> None:
        """Count the pending batch as lost; the agent is about to leave."""
        if self._pending:
            add_to(self._words, layout.AGENT_DISCARDED_WORD, self.output.give_up())
            self._pending = None

    def reopen(self) -> None:
        """The file was rotated. The line that was being written begins again in the new one."""
        self.output.reopen()
        self._take_up_file()

    def retry(self) -> None:
        """Try to open a file again that was gone."""
        if self.output.retry():
            self._take_up_file()

    def _take_up_file(self) -> None:
        if self.output.is_file:
            self._ledger.open_file(self._area, self.output.fd)
            self._ledger.intend(self._area, self.output.pending_bytes)

    def _write_notices(self) -> bool:
        """Lines that belong to no ring; True = they left. A file's committed size follows alone."""
        text, self._notices = self._notices, b""
        if self.output.is_file:
            self._ledger.intend(self._area, len(text))
        if not self.output.write(text):
            return False
        if self.output.is_file:
            self._ledger.commit_size(self._area, self.output.size_bytes())
        return True

    def _write(self, reader: RingReader, batch: Batch) -> bool:
        """Format and write; True = all of it left and is committed."""
        self._pending = (reader, batch)
        if batch.damaged:
            add_to(self._words, layout.AGENT_DAMAGED_WORD, batch.damaged)
        text = self._text_of(batch)
        if self.output.is_file:
            self._ledger.intend(self._area, len(text))
        self.output.write(text)
        return self._finish()

    def _text_of(self, batch: Batch) -> bytes:
        """A batch as lines; one that cannot be formatted is counted as damaged, and the agent lives on."""
        if self.output.kind is Kind.OFF or not batch.rows:
            return b""
        try:
            return self._format(batch)
        except Exception:  # noqa: BLE001 - hostile memory; ending would only read the same batch again
            add_to(self._words, layout.AGENT_DAMAGED_WORD, len(batch.rows))
            return b""

    def _finish(self) -> bool:
        """Go on with the pending text; commit when it is through."""
        if not self.output.flush() or self._pending is None:
            return False
        reader, batch = self._pending
        self._pending = None
        if self.output.is_file:
            self._ledger.commit(reader.tail_word, batch.tail, self._area, self.output.size_bytes())
        else:
            self._ledger.commit(reader.tail_word, batch.tail)
        if batch.rows:
            self._on_commit(batch)
        if self.output.kind is Kind.GONE:
            self.lost_lines += len(batch.rows)
            add_to(self._words, layout.AGENT_DISCARDED_WORD, len(batch.rows))
        elif self.output.kind is not Kind.OFF:
            add_to(self._words, layout.AGENT_LINES_WORD, len(batch.rows))
        return True
