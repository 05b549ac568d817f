"""Files in memory, for tests.

In:     files.
Out:    the same, as long as the process lives.
Never:  touches the disk.
"""

from typing import Any
from urllib.parse import urljoin

from penstock.web.conf import settings
from penstock.web.core.files.base import ContentFile
from penstock.web.core.files.storage.base import Storage, raw_chunks
from penstock.web.utils.encoding import filepath_to_uri


class InMemoryStorage(Storage):
    """Keeps the content of each file in a dict.

    Args:
        base_url: where browsers would find it; default: MEDIA_URL.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self._base_url = base_url
        self._contents: dict[str, bytes] = {}

    def _open(self, name: str, mode: str) -> Any:
        if name not in self._contents:
            raise FileNotFoundError(f"no file {name!r} in this storage")
        content = self._contents[name]
        return ContentFile(content if "b" in mode else content.decode(), name=name)

    def _save(self, name: str, content: Any) -> str:
        self._contents[name] = b"".join(raw_chunks(content))
        return name

    def delete(self, name: str) -> None:
        """Remove a file; one that is not there is no error."""
        self._contents.pop(name, None)

    def exists(self, name: str) -> bool:
        """Tell whether there is one of this name."""
        return name in self._contents

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        """Return the directories and the files in a directory."""
        prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        rests = [name.removeprefix(prefix) for name in self._contents if name.startswith(prefix)]
        directories = {rest.partition("/")[0] for rest in rests if "/" in rest}
        return sorted(directories), [rest for rest in rests if "/" not in rest]

    def size(self, name: str) -> int:
        """Return a file's length in bytes."""
        return len(self._contents[name])

    def url(self, name: str | None) -> str:
        """Return where a browser would find a file."""
        base_url = settings.MEDIA_URL if self._base_url is None else self._base_url
        return urljoin(base_url, str(filepath_to_uri(name)).lstrip("/"))
