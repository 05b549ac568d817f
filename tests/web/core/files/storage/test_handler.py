"""Storages by alias."""

import pytest

from penstock.web.core.files.storage import (
    InMemoryStorage,
    InvalidStorageError,
    StorageHandler,
    default_storage,
    storages,
)

MEMORY = {"BACKEND": "penstock.web.core.files.storage.InMemoryStorage", "OPTIONS": {"base_url": "/m/"}}


def test_storage_is_made_once_with_its_options():
    handler = StorageHandler({"default": MEMORY})
    assert handler["default"] is handler["default"]
    assert handler["default"].url("a") == "/m/a"


def test_alias_that_is_not_there_is_an_error():
    with pytest.raises(InvalidStorageError, match="Could not find config for 'other'"):
        StorageHandler({})["other"]


def test_class_that_cannot_be_imported_is_an_error():
    with pytest.raises(InvalidStorageError, match=r"Could not find backend 'no.such'"):
        StorageHandler({"default": {"BACKEND": "no.such"}})["default"]


def test_settings_that_change_are_seen(override, tmp_path):
    override(MEDIA_ROOT=str(tmp_path))
    assert default_storage.location == str(tmp_path)
    override(STORAGES={"default": MEMORY})
    assert isinstance(storages["default"], InMemoryStorage)
    assert default_storage.url("a") == "/m/a"
