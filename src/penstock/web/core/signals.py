"""The signals of a request's life and of the settings.

In:     nothing.
Out:    `request_started` (environ), `request_finished` (), `got_request_exception` (request),
        `setting_changed` (setting, value, enter); and one that Django has not: `request_abandoned` (), when
        an exception left the application, so that there is no response whose end could be told.
Never:  sends them: handlers, responses and whoever overrides settings do.
"""

from typing import Final

from penstock.web.dispatch import Signal

request_started: Final = Signal()
request_finished: Final = Signal()
request_abandoned: Final = Signal()
got_request_exception: Final = Signal()
setting_changed: Final = Signal()
