import contextlib
import os
import threading

import pytest

from penstock.telemetry.memory.board import MAX_TEXT_BYTES, Board, BoardError, read_board


@pytest.fixture
def board():
    made = Board()
    yield made
    made.close()


def test_last_text_is_read(board):
    for text in ("first and longer", "second \N{SNOWMAN}", ""):
        board.write(text)
        assert read_board(board.fd) == text


def test_text_beyond_the_limit_is_cut(board):
    board.write("x" * (MAX_TEXT_BYTES + 5))
    assert len(read_board(board.fd)) == MAX_TEXT_BYTES


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100], ids=["empty", "short", "other"])
def test_what_is_no_board_is_refused(content):
    fd = os.memfd_create("other")
    os.write(fd, content)
    with pytest.raises(BoardError, match="expected b'pstkbord'"):
        read_board(fd)
    os.close(fd)


def test_board_whose_writer_died_in_the_middle_is_refused(board):
    board.write("text")
    os.pwrite(board.fd, b"\x01", 8)
    with pytest.raises(BoardError, match="all the time"):
        read_board(board.fd)


def test_texts_are_never_mixed(board):
    texts = ["a" * 100_000, "b" * 50_000]
    board.write(texts[0])
    is_over = threading.Event()

    def write():
        while not is_over.is_set():
            for text in texts:
                board.write(text)

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    while len(seen) < len(texts):
        with contextlib.suppress(BoardError):  # written all the time
            seen.add(read_board(board.fd))
    is_over.set()
    writer.join()
    assert seen == set(texts)
