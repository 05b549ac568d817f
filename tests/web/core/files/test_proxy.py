"""An object that stands for the file it holds."""

import io

from penstock.web.core.files.proxy import FileProxyMixin


class Holder(FileProxyMixin):
    def __init__(self, file):
        self.file = file


def test_methods_are_those_of_the_file():
    holder = Holder(io.BytesIO(b"a\nb"))
    assert (holder.readline(), holder.tell(), list(holder)) == (b"a\n", 2, [b"b"])
    holder.seek(0)
    assert holder.read() == b"a\nb"
    assert (holder.readable(), holder.writable(), holder.seekable(), holder.closed) == (
        True,
        True,
        True,
        False,
    )


def test_closed_file_is_good_for_nothing():
    holder = Holder(io.BytesIO())
    holder.file.close()
    assert (holder.readable(), holder.writable(), holder.seekable(), holder.closed) == (
        False,
        False,
        False,
        True,
    )
    assert Holder(None).closed


def test_file_that_cannot_be_asked_is_judged_by_its_mode():
    class Old:
        closed = False
        mode = "wb"

        def __len__(self):
            return 1

    holder = Holder(Old())
    assert (holder.readable(), holder.writable(), holder.seekable()) == (True, True, True)
    assert Holder.read is vars(FileProxyMixin)["read"]
