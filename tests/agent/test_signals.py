import os
import select
import signal

DEADLINE_S = 20


def test_signals_become_facts_and_a_readable_descriptor(own_signals):
    assert (own_signals.is_stopping, own_signals.take_reopen()) == (False, False)
    os.kill(os.getpid(), signal.SIGUSR1)
    assert select.select([own_signals.fd], [], [], DEADLINE_S)[0]
    assert own_signals.take_reopen()
    assert not own_signals.take_reopen()
    os.kill(os.getpid(), signal.SIGTERM)
    assert own_signals.is_stopping
