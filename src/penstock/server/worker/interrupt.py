"""Interrupting a thread that is inside the application for too long, and nobody else.

CPython can raise an exception in another thread, at that thread's next step of Python code.  By then it may
have left the application and be in our code, in the middle of a queue.  So each thread has a guard on the
border, and an exception that comes too late is taken back or caught there:

    interrupter (loop)                         thread
      is_armed = True                            ... application ...
      lock: end_ns == 0?  raise there            end_ns = now             (gateway)
                                                 is_armed? -> leave(): lock; take back what has not come

Whichever comes first: a thread that finds the guard unarmed has set `end_ns` before, and the interrupter
will see it; one that finds it armed waits for the lock, and after that nothing more can be sent.  A request
in time pays for looking at one attribute.

In:     the exchange that is late; the thread that runs it.
Out:    a RequestTimeout in that thread, or none.
Never:  decides who is late (connection.py); interrupts a wait or a computation in C: nothing can.

Rules:  https://docs.python.org/3/c-api/init.html#c.PyThreadState_SetAsyncExc

Rejected: a signal (they reach the main thread only, and would end waits of the others); sys.settrace (it
slows down every request).
"""

import ctypes
import threading
from typing import Final

from penstock.wsgi import Exchange, RequestTimeout

_set_asynchronous: Final = ctypes.pythonapi.PyThreadState_SetAsyncExc
_set_asynchronous.argtypes = (ctypes.c_ulong, ctypes.py_object)
_set_asynchronous.restype = ctypes.c_int
_NOTHING: Final = ctypes.py_object()


class Guard:
    """The border between the application and us on one thread.

    Attributes:
        is_armed: the thread must call `leave` when the application is done.
    """

    __slots__ = ("_lock", "ident", "is_armed")

    def __init__(self, ident: int = 0) -> None:
        self.ident = ident  # threading.get_ident() of the thread
        self.is_armed = False
        self._lock = threading.Lock()

    def interrupt(self, exchange: Exchange) -> bool:
        """Raise RequestTimeout in the thread if it still runs `exchange`; called once an exchange (loop).

        Returns:
            Whether it was raised, or will be when the thread comes back to Python code.
        """
        self.is_armed = True
        with self._lock:
            if not exchange.start_ns or exchange.end_ns:
                return False
            return bool(_set_asynchronous(self.ident, RequestTimeout))

    def leave(self) -> None:
        """Make sure that nothing is raised in this thread any more (the thread, after the application).

        Raises:
            RequestTimeout: it was under way; nothing is from now on.
        """
        with self._lock:
            self.is_armed = False
            _set_asynchronous(self.ident, _NOTHING)
