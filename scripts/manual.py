"""Write the generated pages of docs/; with --check only say whether they are what would be written."""

import sys
from pathlib import Path

from penstock.cli.config.manual import render_man_page, render_options

DOCS = Path(__file__).resolve().parent.parent / "docs"


def main(words: list[str]) -> int:
    """Return 1 when --check finds a page that differs."""
    pages = {DOCS / "manual.md": render_options(), DOCS / "penstock.1": render_man_page()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(
            f"{path.relative_to(DOCS.parent)}: {'differs: make manual' if '--check' in words else 'written'}"
        )
        if "--check" not in words:
            path.write_text(pages[path])
    return int(bool(stale) and "--check" in words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
