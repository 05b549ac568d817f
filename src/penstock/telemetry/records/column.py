"""Where the words of an access record stand in what ACCESS.unpack returns (record.py says what they are).

In:     nothing.
Out:    places, from 0.
Never:  of other records: their readers take them by one assignment.
"""

from penstock.telemetry.records.record import ACCESS

(
    _, TEXT_START, TEXT_STOP, LAST_BYTE, HEAD, BODY, QUEUE, RESPONSE, APPLICATION,
    SEND, TOTAL, RECEIVED, SENT, PID, STATUS, THREAD, OUTCOME, LANE, _,
) = range(len(ACCESS.unpack(bytes(ACCESS.size))))  # fmt: skip
