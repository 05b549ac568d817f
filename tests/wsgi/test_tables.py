import re
import threading
from itertools import islice

from penstock.config import ProtocolConfig, WSGIConfig
from penstock.wsgi.tables import GatewayTables, request_ids


def test_request_ids_count_from_one_and_name_process_and_number() -> None:
    assert list(islice(request_ids("ab"), 3)) == ["ab-0000001", "ab-0000002", "ab-0000003"]


def test_request_ids_go_on_beyond_a_block_without_a_double() -> None:
    expected = [f"ab-{number:07x}" for number in range(1, 10_001)]
    assert list(islice(request_ids("ab"), 10_000)) == expected


def test_request_ids_of_many_threads_are_all_different() -> None:
    source = request_ids("ab")
    taken: list[list[str]] = [[] for _ in range(4)]

    def take(mine: list[str]) -> None:
        mine.extend(next(source) for _ in range(20_000))

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({request_id for mine in taken for request_id in mine}) == 80_000


def test_tables_of_two_processes_give_different_ids_that_systems_accept() -> None:
    tables = [GatewayTables(WSGIConfig(), ProtocolConfig()) for _ in range(2)]
    first, second = (next(table.request_ids) for table in tables)
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", first)
    assert not tables[0].returns_request_id


def test_end_of_a_plain_head_is_renewed_with_the_date() -> None:
    tables = GatewayTables(WSGIConfig(), ProtocolConfig())
    tables.renew(5)
    assert tables.date.expires_ns > 5
    assert tables.plain_end == tables.date.line + b"Server: penstock\r\n\r\n"
