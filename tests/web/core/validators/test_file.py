"""core/validators/file.py, beside Django's."""

import sys
import types

import django.core.validators as theirs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.web.core.validators.verdict import verdict

from penstock.web.core import validators as ours
from penstock.web.core.exceptions import ValidationError
from penstock.web.core.files.uploadedfile import SimpleUploadedFile

NAMES = st.lists(
    st.sampled_from(["a", ".", "pdf", "PDF", "tar", "gz", "/", " ", "é", "\0"]), min_size=1, max_size=5
).map("".join)


@given(NAMES, st.none() | st.lists(st.sampled_from(["pdf", "PDF", "gz", "", ".pdf"]), max_size=2))
def test_name_is_judged_as_django_judges_it(name, allowed):
    value = types.SimpleNamespace(name=name)
    mine, expected = ours.FileExtensionValidator(allowed), theirs.FileExtensionValidator(allowed)
    assert verdict(mine, value) == verdict(expected, value)


def test_uploaded_file_is_refused_in_words():
    with pytest.raises(ValidationError) as caught:
        ours.FileExtensionValidator(["png", "JPG"])(SimpleUploadedFile("cat.gif", b""))
    assert caught.value.messages == ["file ends in “gif”; expected one of: png, jpg"]


def test_images_are_what_pillow_reads(monkeypatch):
    image = types.SimpleNamespace(EXTENSION={".png": "PNG", ".JPG": "JPEG"}, init=lambda: None)
    monkeypatch.setitem(sys.modules, "PIL", types.SimpleNamespace(Image=image))
    ours.validate_image_file_extension(SimpleUploadedFile("cat.jpg", b""))
    with pytest.raises(ValidationError):
        ours.validate_image_file_extension(SimpleUploadedFile("cat.exe", b""))


def test_without_pillow_no_file_is_an_image(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert ours.get_available_image_extensions() == []
