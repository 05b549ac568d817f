"""Forms with files."""

import base64
import io

import pytest

from penstock.web.core.exceptions import RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from penstock.web.core.files.uploadhandler import (
    FileUploadHandler,
    MemoryFileUploadHandler,
    SkipFile,
    StopFutureHandlers,
    StopUpload,
    TemporaryFileUploadHandler,
)
from penstock.web.http.multipartparser import (
    MAX_TOTAL_HEADER_SIZE,
    MultiPartParser,
    MultiPartParserError,
    find_boundary,
)

END = b"--b--\r\n"


def field(name, value=b"1", *extra):
    lines = [b"--b", b'Content-Disposition: form-data; name="' + name + b'"', *extra, b"", value, b""]
    return b"\r\n".join(lines)


def file(name=b"f", file_name=b"f.txt", content=b"x", *extra):
    disposition = b'Content-Disposition: form-data; name="' + name + b'"; filename="' + file_name + b'"'
    return b"\r\n".join([b"--b", disposition, *extra, b"", content, b""])


BASE64 = b"Content-Transfer-Encoding: base64"


def parse(body, handlers=None, encoding=None, *, length=None, content_type="multipart/form-data; boundary=b"):
    meta = {"CONTENT_TYPE": content_type, "CONTENT_LENGTH": len(body) if length is None else length}
    if handlers is None:
        handlers = [MemoryFileUploadHandler(), TemporaryFileUploadHandler()]
    return MultiPartParser(meta, io.BytesIO(body), handlers, encoding).parse()


class Recorder(FileUploadHandler):
    """Writes down what it is told, and raises what it is told to."""

    def __init__(self, raising=None, at=None):
        super().__init__()
        self.told, self.raising, self.at = [], raising, at

    def tell(self, what, *details):
        self.told.append((what, *details))
        if what == self.at:
            raise self.raising

    def new_file(  # noqa: PLR0917 -- Django's signature
        self, field_name, file_name, content_type, content_length, charset=None, content_type_extra=None
    ):
        self.tell("new", field_name, file_name, content_type, content_length, charset, content_type_extra)

    def receive_data_chunk(self, raw_data, start):
        self.tell("chunk", raw_data, start)
        return raw_data

    def file_complete(self, file_size):
        self.tell("complete", file_size)

    def upload_complete(self):
        self.tell("end")

    def upload_interrupted(self):
        self.tell("interrupted")


def test_fields_and_files_are_told_apart():
    post, files = parse(field(b"a") + file() + field(b"a", b"2") + file(content=b"y") + END)
    assert dict(post.lists()) == {"a": ["1", "2"]}
    assert [each.read() for each in files.getlist("f")] == [b"x", b"y"]
    with pytest.raises(AttributeError):
        post["b"] = "1"


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("text/plain", "Invalid Content-Type: text/plain"),
        ("Multipart/form-data; boundary=b", "Invalid Content-Type"),
        ("multipart/form-data", "Invalid boundary in multipart: None"),
        ("multipart/form-data; boundary=", "Invalid boundary"),
        ('multipart/form-data; boundary="a "', "Invalid boundary"),
        ("multipart/form-data; boundary=" + "x" * 202, "Invalid boundary"),
        ("multipart/form-data; boundary=\xe9", "Invalid non-ASCII Content-Type"),
    ],
)
def test_content_type_without_a_good_boundary_is_refused(content_type, message):
    with pytest.raises(MultiPartParserError, match=message):
        find_boundary(content_type)


def test_longest_boundary_is_taken():
    assert find_boundary("multipart/form-data; boundary=" + "x" * 201) == b"x" * 201


@pytest.mark.parametrize("length", [0, "", None, "many"])
def test_body_without_a_length_is_empty(length):
    post, files = MultiPartParser(
        {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": length}, io.BytesIO(END), []
    ).parse()
    assert (dict(post), dict(files)) == ({}, {})


def test_negative_length_is_refused():
    with pytest.raises(MultiPartParserError, match="Invalid content length: -1"):
        parse(b"", length=-1)


def test_handler_hears_of_a_file_in_order():
    recorder = Recorder()
    kind = b"Content-Type: Text/Plain; charset=UTF-8; x=Y"
    parse(file(b"f", b"n.txt", b"abc", kind, b"Content-Length: 3") + END, [recorder])
    extra = {"charset": b"UTF-8", "x": b"Y"}
    assert recorder.told == [
        ("new", "f", "n.txt", "text/plain", 3, b"UTF-8", extra),
        ("chunk", b"abc", 0),
        ("complete", 3),
        ("end",),
    ]


def test_file_is_complete_when_the_next_part_begins():
    recorder = Recorder()
    parse(file() + file() + END, [recorder])
    assert [told[0] for told in recorder.told] == [
        "new",
        "chunk",
        "complete",
        "new",
        "chunk",
        "complete",
        "end",
    ]


def test_file_that_is_cut_off_is_interrupted_and_not_kept():
    recorder = Recorder()
    _, files = parse(file(), [recorder])
    assert [told[0] for told in recorder.told] == ["new", "chunk", "interrupted", "end"]
    assert dict(files) == {}


def test_chunks_come_in_the_smallest_size_that_a_handler_wants_or_as_they_came_with_the_head():
    recorder, other = Recorder(), Recorder()
    recorder.chunk_size, other.chunk_size = 16, None
    parse(file(content=b"x" * 5000) + END, [recorder, other])
    chunks = [told[1:] for told in recorder.told if told[0] == "chunk"]
    assert b"".join(chunk for chunk, _ in chunks) == b"x" * 5000
    assert len(chunks[0][0]) < MAX_TOTAL_HEADER_SIZE
    assert max(len(chunk) for chunk, _ in chunks[1:]) <= 16 + len(b"\r\n--b")
    assert [start for _, start in chunks] == [sum(len(c) for c, _ in chunks[:n]) for n in range(len(chunks))]


def test_handler_that_keeps_a_chunk_hides_it_from_the_next():
    class Keeper(Recorder):
        def receive_data_chunk(self, raw_data, start):
            super().receive_data_chunk(raw_data, start)

    keeper, after = Keeper(), Recorder()
    parse(file() + END, [keeper, after])
    assert [told[0] for told in after.told] == ["new", "complete", "end"]


def test_handler_that_stops_the_others_keeps_them_from_hearing_of_the_file():
    after = Recorder()
    parse(file() + END, [Recorder(StopFutureHandlers(), "new"), after])
    assert "new" not in [told[0] for told in after.told]


@pytest.mark.parametrize("at", ["new", "chunk"])
def test_file_that_a_handler_skips_is_left_out(at):
    post, files = parse(file() + field(b"a") + END, [Recorder(SkipFile(), at)])
    assert (dict(post.lists()), dict(files)) == ({"a": ["1"]}, {})


@pytest.mark.parametrize("is_reset", [True, False])
def test_upload_that_a_handler_stops_is_read_to_the_end_unless_the_client_may_be_cut_off(is_reset):
    body = file(content=b"x" * 5000) + field(b"a") + END
    recorder = Recorder(StopUpload(connection_reset=is_reset), "chunk")
    recorder.chunk_size = 200
    source = io.BytesIO(body)
    meta = {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": len(body)}
    post, _ = MultiPartParser(meta, source, [recorder]).parse()
    assert dict(post) == {}
    assert (source.tell() == len(body)) is not is_reset


def test_stopped_upload_closes_the_temporary_file():
    class Stopping(TemporaryFileUploadHandler):
        def receive_data_chunk(self, raw_data, start):
            raise StopUpload

    handler = Stopping()
    parse(file() + END, [handler])
    assert handler.file.closed


def test_error_closes_the_files_that_were_there():
    class Failing(MemoryFileUploadHandler):
        def receive_data_chunk(self, raw_data, start):
            if raw_data == b"bad":
                raise ZeroDivisionError
            return super().receive_data_chunk(raw_data, start)

        def file_complete(self, file_size):
            made.append(super().file_complete(file_size))
            return made[-1]

    made = []
    with pytest.raises(ZeroDivisionError):
        parse(file() + file(content=b"bad") + END, [Failing()])
    assert made[0].closed


def test_handler_may_parse_by_itself():
    class Whole(Recorder):
        def handle_raw_input(self, input_data, META, content_length, boundary, encoding=None):  # noqa: N803
            return input_data.read(), (content_length, boundary, encoding)

    assert parse(END, [Whole()]) == (END, (len(END), b"b", "utf-8"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        (b"plain.txt", "plain.txt"),
        (b"/etc/passwd", "passwd"),
        (b"..\\\\..\\\\x.txt", "x.txt"),
        (b"..&#x2F;x.txt", "x.txt"),
        (b"a\x00b\n.txt", "ab.txt"),
        (b"C:/x/", None),
        (b"..", None),
        (b".", None),
    ],
)
def test_file_name_leads_nowhere(name, kept):
    _, files = parse(file(file_name=name) + END)
    assert [each.name for each in files.getlist("f")] == ([] if kept is None else [kept])


@pytest.mark.parametrize("size", [0, 1, 2, 3, 100, 70_000, 200_000])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.encodebytes])
def test_base64_file_is_decoded(size, encode):
    content = bytes(number % 256 for number in range(size))
    _, files = parse(file(b"f", b"f", encode(content), BASE64) + END)
    assert files["f"].read() == content


@pytest.mark.parametrize("content", [b"A", b"AA", b"AAA", b"AAAAA", b"!", "Zsg£".encode()])
def test_base64_file_that_is_none_is_refused(content):
    with pytest.raises(MultiPartParserError, match="Could not decode base64 data"):
        parse(file(b"f", b"f", content, BASE64) + END)


def test_base64_field_is_decoded_and_one_that_is_none_kept_as_it_came():
    post, _ = parse(field(b"a", b"MQ==", BASE64) + field(b"b", b"123", BASE64) + END)
    assert dict(post.lists()) == {"a": ["1"], "b": ["123"]}


def test_names_and_values_are_decoded_by_the_encoding():
    post, _ = parse(field("é".encode(), "é".encode()) + END, encoding="latin-1")
    assert dict(post.lists()) == {"Ã©": ["Ã©"]}
    post, _ = parse(field(b"a", b"\xff") + END)
    assert post["a"] == "\ufffd"


@pytest.mark.parametrize("encoding", ["base64", "idna", "undefined"])
def test_encoding_that_is_none_of_text_is_refused(encoding):
    with pytest.raises(MultiPartParserError, match=f"charset '{encoding}'; expected an encoding of text"):
        parse(field(b"a") + END, encoding=encoding)


def test_error_of_a_handler_that_is_a_look_up_is_its_own():
    with pytest.raises(KeyError):
        parse(file() + END, [Recorder(KeyError("x"), "new")])


def test_part_without_a_name_is_skipped():
    post, files = parse(b"--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n" + field(b"a") + END)
    assert (dict(post.lists()), dict(files)) == ({"a": ["1"]}, {})


def test_fields_up_to_the_limit_are_taken_preamble_and_epilogue_aside(override):
    override(DATA_UPLOAD_MAX_NUMBER_FIELDS=2)
    post, _ = parse(b"preamble\r\n" + field(b"a") * 2 + END)
    assert len(post.getlist("a")) == 2
    with pytest.raises(TooManyFieldsSent, match="DATA_UPLOAD_MAX_NUMBER_FIELDS"):
        parse(field(b"a") * 3 + END)
    override(DATA_UPLOAD_MAX_NUMBER_FIELDS=None)
    assert len(parse(field(b"a") * 50 + END)[0].getlist("a")) == 50


def test_files_up_to_the_limit_are_taken_and_are_no_fields(override):
    override(DATA_UPLOAD_MAX_NUMBER_FIELDS=1, DATA_UPLOAD_MAX_NUMBER_FILES=4)
    assert len(parse(file() * 4 + END)[1].getlist("f")) == 4
    with pytest.raises(TooManyFilesSent, match="DATA_UPLOAD_MAX_NUMBER_FILES"):
        parse(file() * 5 + END)


def test_bytes_of_fields_are_counted_with_their_names_and_those_of_files_are_not(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=10)
    assert parse(field(b"a", b"1" * 7) + file(content=b"x" * 100) + END)[0]["a"] == "1111111"
    for body in (field(b"a", b"1" * 8), field(b"a" * 8), field(b"a", b"1" * 4) + field(b"b", b"1")):
        with pytest.raises(RequestDataTooBig, match="DATA_UPLOAD_MAX_MEMORY_SIZE"):
            parse(body + END)


def test_large_field_is_refused_before_it_is_read_whole(override):
    override(DATA_UPLOAD_MAX_MEMORY_SIZE=100)
    body = field(b"a", b"x" * 10**6) + END
    source = io.BytesIO(body)
    meta = {"CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": len(body)}
    with pytest.raises(RequestDataTooBig):
        MultiPartParser(meta, source, [FileUploadHandler()]).parse()
    assert source.tell() <= 2 * FileUploadHandler.chunk_size


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 10**6])
def test_result_does_not_depend_on_the_chunks(size):
    handler = MemoryFileUploadHandler()
    handler.chunk_size = size
    nameless = b"--b\r\nContent-Disposition: form-data\r\n\r\nlong enough to be read in several chunks\r\n"
    body = field(b"a", b"\r\n--x") + nameless + file(content=b"\r\n-" * 30) + END
    post, files = parse(body, [handler])
    assert (dict(post.lists()), files["f"].read()) == ({"a": ["\r\n--x"]}, b"\r\n-" * 30)


def test_twenty_thousand_tiny_parts_are_refused_in_time_in_proportion_to_the_limit():
    with pytest.raises(TooManyFieldsSent):
        parse(field(b"a") * 20_000 + END)
