from __future__ import annotations

import json

import pytest

from headrace.api.arguments.forms import MOST_FIELDS, MOST_FILES, read_multipart, read_urlencoded
from headrace.errors import InvalidInput

BOUNDARY = b"xyz"


def multipart(*parts: tuple[str, bytes], end: bytes = b"--xyz--\r\n") -> bytes:
    """Parts by their Content-Disposition and what they hold."""
    return (
        b"".join(
            b"--xyz\r\nContent-Disposition: %s\r\n\r\n%s\r\n" % (head.encode(), data) for head, data in parts
        )
        + end
    )


def field(name: str) -> str:
    return f'form-data; name="{name}"'


def file(name: str, filename: str) -> str:
    return f'{field(name)}; filename="{filename}"'


def test_a_form_is_an_object_of_texts():
    assert json.loads(read_urlencoded(b"a=1&b=x+y%26z&c=&a=2&d%C3%A9=%E2%82%AC")) == {
        "a": ["1", "2"], "b": "x y&z", "c": "", "dé": "€",
    }  # fmt: skip
    assert read_urlencoded(b"") == b"{}"


def test_fields_of_a_multipart_form_are_texts():
    data = multipart((field("a"), b"1"), (field("b"), "é\r\n--xy".encode()), (field("a"), b""))
    form = read_multipart(data, BOUNDARY)
    assert json.loads(form.value) == {"a": ["1", ""], "b": "é\r\n--xy"}
    assert read_multipart(b"--xyz--\r\n", BOUNDARY).value == b"{}"


def test_files_of_a_multipart_form_are_lists_of_their_keys():
    form = read_multipart(
        multipart(
            (field("text"), b"1"),
            (file("one", "a b.CSV") + "\r\nContent-Type: text/csv", b"\xff\x00"),
            (file("two", "C:\\\\x\\\\..\\\\e"), b""),
            (file("two", "../.env"), b"2"),
            (field("two"), b"3"),
            (file("none", ""), b""),
        ),
        BOUNDARY,
    )
    one, two, three = form.files
    assert (one.name, one.data, one.content_type, one.key[-4:]) == ("one", b"\xff\x00", "text/csv", ".CSV")
    assert (two.data, two.content_type, "." in two.key) == (b"", None, False)
    assert json.loads(form.value) == {
        "text": "1",
        "one": [{"s3": one.key, "filename": "a b.CSV"}],
        "two": [{"s3": two.key, "filename": "e"}, {"s3": three.key, "filename": ".env"}, "3"],
        "none": [],
    }


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"a=%ff", "UTF-8"),
        (b"a=\xff", "UTF-8"),
        (b"a=%00", "NUL"),
        (b"%00=1", "NUL"),
        (b"&".join(b"f%d=" % number for number in range(MOST_FIELDS + 1)), "more than 1000"),
    ],
)
def test_a_form_that_cannot_be_taken_is_refused(data: bytes, words: str):
    with pytest.raises(InvalidInput, match=f"body: .*{words}"):
        read_urlencoded(data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (multipart((field("a"), b"1"), end=b""), "body: .*without its last boundary"),
        (multipart((field("a"), b"1"), end=b"--xyz"), "body: .*without its last boundary"),
        (b"--xyz\r\nContent-Disposition: form-data; name=", "body: .*without its last boundary"),
        (b"", "body: .*without its last boundary"),
        (b"no boundary at all", "body: "),
        (b"--xyz\r\nbroken header\r\n\r\n1\r\n--xyz--\r\n", "body: "),
        (multipart(("form-data", b"1")), "body: .*no name"),
        (multipart((field("a"), b"\xff")), "a: .*UTF-8"),
        (multipart((field("a"), b"\x00")), "body: .*NUL"),
        (multipart((file("f", "x") + "\r\nContent-Type: text", b"1")), "f: must be a media type"),
        (multipart((file("f", "\x00"), b"1")), "body: .*NUL"),
        (multipart(*[(file("f", "x"), b"")] * (MOST_FILES + 1)), "body: has more than 100 files"),
        (multipart(*[(field(str(number)), b"") for number in range(10_000)]), "body: has more than 1000"),
    ],
)
def test_a_multipart_form_that_cannot_be_taken_is_refused(data: bytes, words: str):
    with pytest.raises(InvalidInput, match=words):
        read_multipart(data, BOUNDARY)


def test_a_multipart_form_needs_a_boundary():
    with pytest.raises(InvalidInput, match="Content-Type: has no boundary"):
        read_multipart(b"", None)
