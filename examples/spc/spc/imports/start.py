"""Beginning an import: its row, its file, its process.

In:     an uploaded file.
Out:    the number of an Import; a process that nobody waits for (process.py).
Never:  imports pyarrow: a worker stays small.
"""

import subprocess
import sys
from pathlib import Path

from penstock.web import db
from penstock.web.conf import settings
from penstock.web.db import transaction
from spc.models import Import

SITE = Path(__file__).parents[2]

_started: list[subprocess.Popen] = []


def file_of(number: int) -> Path:
    """Return where the file of an import lies."""
    return Path(settings.FILE_UPLOAD_TEMP_DIR) / f"import-{number}"


def begin_import(sent, user_id: int) -> int:
    """Take an uploaded file out of the upload's hands, and start the process that imports it."""
    with transaction.atomic():
        made = Import(file_name=sent.name[:200], size_bytes=sent.size, uploaded_by_id=user_id)
        db.session().add(made)
        db.session().flush()
        number = made.id
        Path(sent.temporary_file_path()).rename(file_of(number))
    start_import(number)
    return number


def start_import(number: int) -> None:
    """Start the process, and leave it alone: it outlives this worker if need be."""
    _started[:] = [each for each in _started if each.poll() is None]  # takes note of those that ended
    command = [sys.executable, "-m", "spc.imports.process", str(number)]
    _started.append(subprocess.Popen(command, cwd=SITE, stdin=subprocess.DEVNULL, start_new_session=True))
