"""A signal and the callables that are connected to it.

A request sends two signals at least, and most sites connect nothing: so `receivers` is a plain list that the
sender tests by truth before it builds arguments, and who is to be called for one sender is worked out once.

In:     receivers, each with a sender to listen to (or None for all) and perhaps a `dispatch_uid`.
Out:    [(receiver, what it returned), ...], synchronous receivers first.
Never:  keeps a receiver alive unless asked (weak=False), and never a sender: senders are known by id.

Rules:  Django's, its trouble included: a sender's id may be used again after the sender is gone.
"""

import inspect
import logging
import threading
import weakref
from collections.abc import Awaitable, Callable, Hashable, Iterable
from typing import Any, Final, NamedTuple, TypeVar

from penstock.web.utils.asyncio import iscoroutinefunction
from penstock.web.utils.crossing import run_in_thread, wait_for

Receiver = Callable[..., Any]
Answer = tuple[Receiver, Any]
F = TypeVar("F", bound=Receiver)

ANY_SENDER: Final = id(None)
MAX_REMEMBERED_SENDERS: Final = 1000  # one entry a sender: a sender made per call must not fill the memory

logger = logging.getLogger("penstock.web.dispatch")


class Connection(NamedTuple):
    """One row of `Signal.receivers`."""

    name: Hashable  # what tells receivers apart: dispatch_uid, or the receiver's identity
    sender_id: int
    find: Callable[[], Receiver | None]  # a weak reference, or a function that always finds
    is_async: bool


class Audience(NamedTuple):
    """Who listens to one sender."""

    sync: tuple[Callable[[], Receiver | None], ...]
    coroutine: tuple[Callable[[], Receiver | None], ...]


class Signal:
    """Something that happens; see `connect` and `send`.

    Attributes:
        receivers: one row per connection.  Empty means nobody listens; rows of dead receivers stay until
            the next call of a method.
    """

    def __init__(self, use_caching: bool = False) -> None:
        """`use_caching` is Django's: here the receivers of a sender are always remembered."""
        self.use_caching = use_caching
        self.receivers: list[Connection] = []
        self.lock = threading.Lock()
        self._audiences: dict[int, Audience] = {}
        self._has_dead = False

    def connect(
        self,
        receiver: Receiver,
        sender: Any = None,
        weak: bool = True,
        dispatch_uid: Hashable | None = None,
    ) -> None:
        """Call `receiver(signal=..., sender=..., **named)` at each send; a second connection is ignored.

        Args:
            receiver: a function or coroutine function that takes **kwargs.
            sender: listen to this sender alone; None listens to all.
            weak: forget the receiver when nothing else holds it.
            dispatch_uid: tells receivers apart instead of their identity.

        Raises:
            TypeError: DEBUG is on and the receiver cannot be called.
            ValueError: DEBUG is on and the receiver takes no **kwargs.
        """
        _check_receiver(receiver)
        connection = Connection(
            dispatch_uid or _identity(receiver),
            id(sender),
            self._weak_reference(receiver) if weak else lambda: receiver,
            iscoroutinefunction(receiver),
        )
        with self.lock:
            self._drop_dead()
            if all(row[:2] != connection[:2] for row in self.receivers):
                self.receivers.append(connection)
            self._audiences = {}

    def disconnect(
        self, receiver: Receiver | None = None, sender: Any = None, dispatch_uid: Hashable | None = None
    ) -> bool:
        """Undo the connection of this receiver (or dispatch_uid) and sender; tell whether there was one."""
        wanted = (dispatch_uid or _identity(receiver), id(sender))
        with self.lock:
            self._drop_dead()
            kept = [row for row in self.receivers if row[:2] != wanted]
            found = len(kept) < len(self.receivers)
            self.receivers[:] = kept
            self._audiences = {}
        return found

    def has_listeners(self, sender: Any = None) -> bool:
        """Tell whether a send by this sender would call anyone."""
        sync, coroutine = self._audience(sender)
        return bool(sync or coroutine)

    def send(self, sender: Any, **named: Any) -> list[Answer]:
        """Call all who listen to `sender`; the first exception ends it and is raised."""
        if not self.receivers:
            return []
        sync, coroutine = self._audience(sender)
        answers = []
        for find in sync:  # a loop of its own: two signals are sent for each request
            receiver = find()
            if receiver is not None:
                answers.append((receiver, receiver(signal=self, sender=sender, **named)))
        if coroutine:
            answers += wait_for(self._await_each(coroutine, sender, named, _await))
        return answers

    async def asend(self, sender: Any, **named: Any) -> list[Answer]:
        """Do as `send` does, from a coroutine; synchronous receivers run in a thread beside it."""
        if not self.receivers:
            return []
        return await self._send_beside(sender, named, _call, _await)

    def send_robust(self, sender: Any, **named: Any) -> list[Answer]:
        """Call all who listen to `sender`; an Exception is logged and stands in the answers as a result."""
        if not self.receivers:
            return []
        audience = self._audience(sender)
        answers = self._call_each(audience.sync, sender, named, _call_robust)
        if audience.coroutine:
            answers += wait_for(self._await_each(audience.coroutine, sender, named, _await_robust))
        return answers

    async def asend_robust(self, sender: Any, **named: Any) -> list[Answer]:
        """Do as `send_robust` does, from a coroutine; synchronous receivers run in a thread beside it."""
        if not self.receivers:
            return []
        return await self._send_beside(sender, named, _call_robust, _await_robust)

    # -- who is to be called ---------------------------------------------------------------------------------

    def _weak_reference(self, receiver: Receiver) -> Callable[[], Receiver | None]:
        if hasattr(receiver, "__self__") and hasattr(receiver, "__func__"):
            return weakref.WeakMethod(receiver, self._note_death)
        return weakref.ref(receiver, self._note_death)

    def _note_death(self, _reference: object) -> None:
        # Runs inside the garbage collector, perhaps in a thread that holds the lock: note it, clean up later.
        self._has_dead = True

    def _drop_dead(self) -> None:
        """Remove rows whose receiver is gone; the caller holds the lock."""
        if self._has_dead:
            self._has_dead = False
            self.receivers[:] = [row for row in self.receivers if row.find() is not None]
            self._audiences = {}

    def _audience(self, sender: Any) -> Audience:
        sender_id = id(sender)
        audience = None if self._has_dead else self._audiences.get(sender_id)
        if audience is None:
            with self.lock:
                self._drop_dead()
                audience = self._gather_audience(sender_id)
        return audience

    def _gather_audience(self, sender_id: int) -> Audience:
        rows = [row for row in self.receivers if row.sender_id in (ANY_SENDER, sender_id)]
        audience = Audience(
            tuple(row.find for row in rows if not row.is_async),
            tuple(row.find for row in rows if row.is_async),
        )
        if len(self._audiences) >= MAX_REMEMBERED_SENDERS:
            self._audiences = {}
        self._audiences[sender_id] = audience
        return audience

    # -- calling them ----------------------------------------------------------------------------------------

    def _call_each(
        self,
        finders: Iterable[Callable[[], Receiver | None]],
        sender: Any,
        named: dict[str, Any],
        call: Callable[..., Any],
    ) -> list[Answer]:
        living = (receiver for find in finders if (receiver := find()) is not None)
        return [(receiver, call(receiver, signal=self, sender=sender, **named)) for receiver in living]

    async def _await_each(
        self,
        finders: Iterable[Callable[[], Receiver | None]],
        sender: Any,
        named: dict[str, Any],
        call: Callable[..., Awaitable[Any]],
    ) -> list[Answer]:
        living = [receiver for find in finders if (receiver := find()) is not None]
        results = await _together(call(receiver, signal=self, sender=sender, **named) for receiver in living)
        return list(zip(living, results, strict=True))

    async def _send_beside(
        self,
        sender: Any,
        named: dict[str, Any],
        call: Callable[..., Any],
        await_: Callable[..., Awaitable[Any]],
    ) -> list[Answer]:
        audience = self._audience(sender)
        parts: list[Awaitable[list[Answer]]] = []
        if audience.sync:
            parts.append(run_in_thread(self._call_each)(audience.sync, sender, named, call))
        if audience.coroutine:
            parts.append(self._await_each(audience.coroutine, sender, named, await_))
        return [answer for part in await _together(parts) for answer in part]


def receiver(signal: Signal | list[Signal] | tuple[Signal, ...], **kwargs: Any) -> Callable[[F], F]:
    """Connect the decorated function to one signal or to several; keywords go to `Signal.connect`."""
    signals = signal if isinstance(signal, list | tuple) else (signal,)

    def decorate(function: F) -> F:
        for each in signals:
            each.connect(function, **kwargs)
        return function

    return decorate


def _identity(receiver: Any) -> Hashable:
    """Tell receivers apart; a bound method is made at each look-up, so its two halves are its identity."""
    if hasattr(receiver, "__self__") and hasattr(receiver, "__func__"):
        return id(receiver.__self__), id(receiver.__func__)
    return id(receiver)


def _check_receiver(receiver: Any) -> None:
    """Refuse what could not be called; it costs a look at the signature, so only while DEBUG is on."""
    from penstock.web.conf import settings

    if not (settings.configured and settings.DEBUG):
        return
    if not callable(receiver):
        raise TypeError("Signal receivers must be callable.")
    kinds = (parameter.kind for parameter in inspect.signature(receiver).parameters.values())
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        raise ValueError("Signal receivers must accept keyword arguments (**kwargs).")


def _call(receiver: Receiver, **named: Any) -> Any:
    return receiver(**named)


async def _await(receiver: Receiver, **named: Any) -> Any:
    return await receiver(**named)


def _call_robust(receiver: Receiver, **named: Any) -> Any:
    try:
        return receiver(**named)
    except Exception as error:  # noqa: BLE001 - that is what robust means
        return _logged(receiver, error)


async def _await_robust(receiver: Receiver, **named: Any) -> Any:
    try:
        return await receiver(**named)
    except Exception as error:  # noqa: BLE001 - that is what robust means
        return _logged(receiver, error)


def _logged(receiver: Receiver, error: Exception) -> Exception:
    name = getattr(receiver, "__qualname__", repr(receiver))
    logger.error("Error calling %s in Signal.send_robust() (%s)", name, error, exc_info=error)
    return error


async def _together(awaitables: Iterable[Awaitable[Any]]) -> list[Any]:
    """Await all at once; the first failure cancels the rest and, when it is alone, is raised as itself."""
    import asyncio

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_coroutine(each)) for each in awaitables]
    except BaseExceptionGroup as failures:
        if len(failures.exceptions) == 1:
            raise failures.exceptions[0] from failures.exceptions[0].__cause__
        raise
    return [task.result() for task in tasks]


async def _coroutine(awaitable: Awaitable[Any]) -> Any:
    return await awaitable
