"""Finding scripts: the longest file, the path behind it, and names that are nobody's business."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.wsgi.cgi.error import ScriptRefusedError
from penstock.wsgi.cgi.script import find_script


@pytest.mark.parametrize(
    ("path", "name", "path_info"),
    [
        pytest.param(b"/a.sh", b"/a.sh", b"", id="alone"),
        pytest.param(b"/a.sh/", b"/a.sh", b"/", id="slash-behind"),
        pytest.param(b"/a.sh/x/y", b"/a.sh", b"/x/y", id="path-behind"),
        pytest.param(b"/a.sh//x", b"/a.sh", b"//x", id="empty-segment-behind"),
        pytest.param(b"/a.sh/.git/b~", b"/a.sh", b"/.git/b~", id="odd-names-behind"),
        pytest.param(b"/deep/er/b.pl/c", b"/deep/er/b.pl", b"/c", id="folders-before"),
    ],
)
def test_script_is_the_longest_part_that_is_a_file(cgi_bin, path, name, path_info) -> None:
    """RFC 3875 section 4.1.13, 4.1.5."""
    cgi_bin("a.sh", "")
    cgi_bin("deep/er/b.pl", "")
    script = find_script(cgi_bin.folder, path)
    assert (script.name, script.path_info) == (name, path_info)
    assert os.fsencode(script.file) == os.fsencode(cgi_bin.folder) + name


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"/", id="folder"),
        pytest.param(b"/deep", id="sub-folder"),
        pytest.param(b"/deep/", id="sub-folder-slash"),
        pytest.param(b"a.sh", id="relative"),
        pytest.param(b"//a.sh", id="empty-segment"),
        pytest.param(b"/./a.sh", id="dot"),
        pytest.param(b"/deep/../a.sh", id="dot-dot-inside"),
        pytest.param(b"/../cgi-bin/a.sh", id="dot-dot-outside"),
        pytest.param(b"/a.sh/../../x", id="dot-dot-behind"),
        pytest.param(b"/a.sh\0.txt", id="nul"),
        pytest.param(b"/a.sh/x\0", id="nul-behind"),
        pytest.param(b"/.hidden", id="hidden"),
        pytest.param(b"/.git/a.sh", id="hidden-folder"),
        pytest.param(b"/a.sh~", id="backup-tilde"),
        pytest.param(b"/#a.sh#", id="backup-emacs"),
        pytest.param(b"/a.sh.bak", id="backup-bak"),
        pytest.param(b"/A.SH.SWP", id="backup-swp-upper"),
        pytest.param(b"/link.sh", id="link"),
        pytest.param(b"/linked/a.sh", id="linked-folder"),
        pytest.param(b"/pipe", id="named-pipe"),
        pytest.param(b"/" + b"a" * 300, id="name-too-long"),
    ],
)
def test_what_is_no_script_is_not_found(cgi_bin, path, tmp_path) -> None:
    cgi_bin("a.sh", "")
    for name in (".hidden", ".git/a.sh", "a.sh~", "#a.sh#", "a.sh.bak", "A.SH.SWP", "deep/b.sh"):
        cgi_bin(name, "")
    (cgi_bin.folder / "link.sh").symlink_to(cgi_bin.folder / "a.sh")
    (cgi_bin.folder / "linked").symlink_to(cgi_bin.folder / "deep")
    os.mkfifo(cgi_bin.folder / "pipe")
    with pytest.raises(ScriptRefusedError, match=r"^no script at") as caught:
        find_script(cgi_bin.folder, path)
    assert caught.value.status == "404 Not Found"


def test_file_that_is_not_executable_is_forbidden(cgi_bin) -> None:
    cgi_bin("notes.txt", "", mode=0o644)
    with pytest.raises(ScriptRefusedError, match="not executable") as caught:
        find_script(cgi_bin.folder, b"/notes.txt")
    assert caught.value.status == "403 Forbidden"


@pytest.mark.parametrize(("name", "expected"), [("nph-a", True), ("a-nph-", False), ("nphx", False)])
def test_name_tells_whether_a_script_writes_its_own_head(cgi_bin, name, expected) -> None:
    """RFC 3875 section 5."""
    cgi_bin(name, "")
    assert find_script(cgi_bin.folder, f"/{name}".encode()).is_nph is expected


@given(path=st.binary(max_size=60).map(lambda tail: b"/" + tail))
def test_no_path_leads_out_of_the_folder(tmp_path_factory, path) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    if not folder.exists():
        folder.mkdir()
        (folder / "a").write_text("")
        (folder / "a").chmod(0o755)
    try:
        script = find_script(folder, path)
    except ScriptRefusedError:
        return
    assert script.file.parent == folder
    assert path == script.name + script.path_info
