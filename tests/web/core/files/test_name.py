"""File names that lead nowhere but here."""

import pytest

from penstock.web.core.exceptions import SuspiciousFileOperation
from penstock.web.core.files.name import validate_file_name


@pytest.mark.parametrize(
    ("name", "is_relative_allowed"), [("a.txt", False), ("a\\b", False), ("dir/a.txt", True)]
)
def test_name_that_is_one_is_returned(name, is_relative_allowed):
    assert validate_file_name(name, allow_relative_path=is_relative_allowed) == name


@pytest.mark.parametrize(
    ("name", "is_relative_allowed", "message"),
    [
        ("", False, "Could not derive"),
        (".", False, "Could not derive"),
        ("a/..", True, "Could not derive"),
        ("/tmp/", False, "Could not derive"),
        ("dir/a.txt", False, "includes path elements"),
        ("/etc/passwd", True, "path traversal"),
        ("../a.txt", True, "path traversal"),
        ("..\\a.txt", True, "path traversal"),
    ],
)
def test_name_that_leads_elsewhere_is_refused(name, is_relative_allowed, message):
    with pytest.raises(SuspiciousFileOperation, match=message):
        validate_file_name(name, allow_relative_path=is_relative_allowed)
