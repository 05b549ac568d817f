import sys
from pathlib import Path

import pytest

from penstock.cli.project.site import VARIABLES, enter_site
from penstock.config import ConfigError


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    for name in VARIABLES:
        monkeypatch.setenv(name, "")


def test_settings_that_are_named_win(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PENSTOCK_SETTINGS_MODULE", "other")
    assert enter_site("mine.settings") == "mine.settings"


def test_settings_of_the_environment_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "old.settings")
    assert enter_site("") == "old.settings"


def test_only_settings_module_in_the_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/settings.py").write_text("")
    assert enter_site("") == "shop.settings"
    assert str(tmp_path) in sys.path


def test_two_settings_modules_are_not_chosen_between(tmp_path: Path) -> None:
    for name in ("blog", "shop"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "settings.py").write_text("")
    with pytest.raises(ConfigError, match="2 here: blog, shop"):
        enter_site("")


def test_folder_without_settings_says_so() -> None:
    with pytest.raises(ConfigError, match="none here"):
        enter_site("")
