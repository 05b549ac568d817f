"""Signals: callables that are told when something happened, without the sender knowing them.

In:     receivers, and what a sender sends.
Out:    `Signal`, `receiver`.
Never:  keeps a receiver alive unless it was connected with weak=False.
"""

from penstock.web.dispatch.dispatcher import Signal, receiver

__all__ = ["Signal", "receiver"]
