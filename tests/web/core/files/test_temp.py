"""Temporary files."""

import os

from penstock.web.core.files import temp


def test_temporary_file_vanishes_when_it_is_closed():
    with temp.NamedTemporaryFile(suffix=".x") as file:
        assert file.name.endswith(".x")
        assert file.name.startswith(temp.gettempdir())
    assert not os.path.exists(file.name)
