import re
import threading
from itertools import islice

from penstock.config import ProtocolConfig, WSGIConfig
from penstock.wsgi.tables import GatewayTables, identities


def test_identities_count_from_one_and_name_process_and_number() -> None:
    assert list(islice(identities("ab"), 3)) == [(1, "ab-0000001"), (2, "ab-0000002"), (3, "ab-0000003")]


def test_identities_go_on_beyond_a_block_without_a_double() -> None:
    numbers, names = zip(*islice(identities("ab"), 10_000), strict=True)
    assert numbers == tuple(range(1, 10_001))
    assert names == tuple(f"ab-{number:07x}" for number in numbers)


def test_identities_of_many_threads_are_all_different() -> None:
    source = identities("ab")
    taken: list[list[tuple[int, str]]] = [[] for _ in range(4)]

    def take(mine: list[tuple[int, str]]) -> None:
        mine.extend(next(source) for _ in range(20_000))

    threads = [threading.Thread(target=take, args=(mine,)) for mine in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [identity for mine in taken for identity in mine]
    assert len({number for number, _ in everything}) == 80_000
    assert len({name for _, name in everything}) == 80_000


def test_tables_of_two_processes_give_different_ids_that_systems_accept() -> None:
    tables = [GatewayTables(WSGIConfig(), ProtocolConfig()) for _ in range(2)]
    first, second = (next(table.identities)[1] for table in tables)
    assert first != second
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", first)
    assert not tables[0].returns_request_id


def test_end_of_a_plain_head_is_renewed_with_the_date() -> None:
    tables = GatewayTables(WSGIConfig(), ProtocolConfig())
    tables.renew(5)
    assert tables.date.expires_ns > 5
    assert tables.plain_end == tables.date.line + b"Server: penstock\r\n\r\n"
