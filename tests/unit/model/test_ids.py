from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InvalidInput
from headrace.model.ids import parse_job_id, parse_script_hash


@given(st.uuids(), st.booleans())
def test_an_id_is_read_in_either_case(id: UUID, upper: bool):  # noqa: A002 - what it is
    text = str(id)
    assert parse_job_id(text.upper() if upper else text) == id


@given(st.text())
def test_what_is_read_as_an_id_prints_as_it_was(text: str):
    try:
        shown = str(parse_job_id(text))
    except InvalidInput as error:
        shown, text = str(error), "id: is not a uuid, such as 01890a5d-ac96-774b-bcce-b302099a8057"
    assert shown.lower() == text.lower()


@given(st.uuids())
def test_other_forms_of_an_id_are_refused(id: UUID):  # noqa: A002 - what it is
    for text in (id.hex, f"{{{id}}}", f"urn:uuid:{id}", f" {id}", f"{id}\n", str(id)[:-1], f"{id}0"):
        with pytest.raises(InvalidInput, match=r"^parent_job: "):
            parse_job_id(text, "parent_job")


@given(st.integers(0, 2**64 - 1))
def test_a_hash_is_sixteen_digits(number: int):
    assert parse_script_hash(f"{number:016x}") == f"{number:016x}"


@pytest.mark.parametrize(
    "text", ["", "0" * 15, "0" * 17, "A" * 16, "g" * 16, "0" * 15 + "\n", "0" * 16 + "\n"]
)
def test_what_is_no_hash_is_refused(text: str):
    with pytest.raises(InvalidInput, match=r"^hash: "):
        parse_script_hash(text)
