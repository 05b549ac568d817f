"""The process that imports one file: `python -m spc.imports.process NUMBER`, started by the upload.

In:     the number of an Import, whose file lies at `file_of`.
Out:    the measurements stored, or the import refused with its reasons; the file gone.
Never:  takes more than MAX_MEMORY_BYTES: a file that unpacks to more ends here and not the machine.

It writes how far it is into the import's row, where every worker reads it. If it is killed, nothing was
stored; the page of the import says that nothing moves any more, and the next import cleans up after it.
"""

import logging
import resource
import sys
from pathlib import Path

from sqlalchemy import update

import penstock.web
from penstock.web import db
from penstock.web.db import transaction
from spc.imports.abandoned import abandoned_imports, locked
from spc.imports.csv_file import read_csv
from spc.imports.fault import Fault, Faults, RefusedFileError
from spc.imports.parquet_file import read_parquet
from spc.imports.rows import RowChecker
from spc.imports.staging import discard, known_parameters, stage, store
from spc.imports.start import file_of
from spc.models import Import, ImportFault, ImportState, now

MAX_MEMORY_BYTES = 768 * 1024 * 1024
ARCHIVES = {
    b"PK\x03\x04": "a ZIP archive (or a spreadsheet)",
    b"\x1f\x8b": "a gzip archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}

logger = logging.getLogger(__name__)


def run_import(number: int) -> None:
    """Import a file whole, or say in its row why not."""
    with locked(file_of(number)):
        found = db.session().get_one(Import, number)
        if not found.is_over:
            _run(found)


def clean_up() -> None:
    """Refuse the imports whose processes are gone, and remove what they left."""
    for number in abandoned_imports():
        _refuse(number, "its process ended before it was done; upload the file again", [])
        file_of(number).unlink(missing_ok=True)


def _run(found: Import) -> None:
    number, faults = found.id, Faults()
    try:
        _import(found, faults)
    except RefusedFileError as error:
        _refuse(number, str(error), faults.kept)
    except MemoryError:
        _refuse(number, f"it takes more than {MAX_MEMORY_BYTES:,} bytes of memory", faults.kept)
    except Exception:
        logger.exception("import %s failed", number)
        _refuse(number, "a mistake of this site; its log says more", faults.kept)
    finally:
        file_of(number).unlink(missing_ok=True)


def _import(found: Import, faults: Faults) -> None:
    checker = RowChecker(known_parameters(), faults)
    number, size_bytes = found.id, found.size_bytes
    for row_numbers, columns, read_bytes in _batches(file_of(number), faults):
        rows = checker.check(row_numbers, columns)
        with transaction.atomic():
            if not faults:
                stage(number, rows, checker.known)
            _tell(number, ImportState.READING, read_bytes=read_bytes, row_count=checker.count)
    rows = checker.finish()
    if faults:
        count = checker.count + faults.unread_count
        raise RefusedFileError(f"{faults.row_count:,} of {count:,} rows are wrong")
    if not checker.count:
        raise RefusedFileError("no measurements; expected rows below the header")
    with transaction.atomic():
        stage(number, rows, checker.known)
        _tell(number, ImportState.STORING, read_bytes=size_bytes, row_count=checker.count)
    with transaction.atomic():
        store(number)
        _tell(number, ImportState.DONE)
    with transaction.atomic():
        discard(number)


def _batches(path: Path, faults: Faults):
    with path.open("rb") as file:
        beginning = file.read(8)
    if beginning.startswith(b"PAR1"):
        return read_parquet(path)
    for magic, name in ARCHIVES.items():
        if beginning.startswith(magic):
            raise RefusedFileError(f"it is {name}; expected CSV or Parquet as it is")
    return read_csv(path, faults)


def _tell(number: int, state: ImportState, **values: int | str) -> None:
    """Write into the import's row how far it is."""
    values |= {"state": state, "moved_at": now()}
    db.session().execute(update(Import).where(Import.id == number).values(**values))


def _refuse(number: int, message: str, faults: list[Fault]) -> None:
    db.session().rollback()
    with transaction.atomic():
        discard(number)
        _tell(number, ImportState.REFUSED, message=message, fault_count=len(faults))
        db.session().add_all(
            ImportFault(
                import_id=number, position=position, row=each.row, column=each.column, message=each.message
            )
            for position, each in enumerate(sorted(faults, key=lambda fault: fault.row))
        )


def main() -> None:
    """Run one import in this process."""
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    penstock.web.setup()
    clean_up()
    run_import(int(sys.argv[1]))


if __name__ == "__main__":
    main()
