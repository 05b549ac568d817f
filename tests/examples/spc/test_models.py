"""Models and migrations agree."""

from pathlib import Path

from tests.examples.spc.conftest import run_in_site


def test_models_and_migrations_agree(filled: Path, data: Path) -> None:
    assert "+" not in run_in_site(data, "penstock", "makemigrations", "--check")
