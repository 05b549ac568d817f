from penstock.protocol import END_OF_MESSAGE, NEED_DATA, PEER_CLOSED, RequestHead, Signal


def test_signals_are_exactly_three() -> None:
    assert list(Signal) == [NEED_DATA, END_OF_MESSAGE, PEER_CLOSED]


def test_a_head_built_by_hand_has_every_slot() -> None:
    head = RequestHead()
    assert {name: getattr(head, name) for name in RequestHead.__slots__} == {
        "authority": None,
        "chunked": False,
        "content_length": 0,
        "expects_continue": False,
        "fields": {},
        "has_forwarding": False,
        "keep_alive": True,
        "line": b"GET / HTTP/1.1",
        "method": "GET",
        "path": "/",
        "query": "",
        "scheme": None,
        "target": "/",
        "version": "HTTP/1.1",
    }


def test_two_heads_built_by_hand_share_no_fields() -> None:
    assert RequestHead().fields is not RequestHead().fields


def test_a_head_keeps_the_fields_it_is_given() -> None:
    fields = {"HTTP_HOST": "x"}
    assert RequestHead(fields=fields).fields is fields
