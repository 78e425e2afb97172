"""A ciphertext tells nothing, and is good for one workspace and origin only."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.vault.ciphertext import CantDecrypt, decrypt, encrypt, new_key, origin_of

KEY = new_key()
PATH = "f/prod/password"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_a_text_comes_back_as_it_was(text: str):
    ciphertext = encrypt(KEY, "acme", PATH, text)
    assert decrypt(KEY, "acme", ciphertext) == text
    assert origin_of(ciphertext) == PATH


def test_two_ciphertexts_of_one_text_differ_and_do_not_contain_it():
    one, other = (encrypt(KEY, "acme", PATH, "hunter2") for _ in range(2))
    assert one != other
    assert "hunter2" not in one


def test_another_key_workspace_or_origin_does_not_decrypt_it():
    ciphertext = encrypt(KEY, "acme", PATH, "hunter2")
    for key, workspace, text in [
        (new_key(), "acme", ciphertext),
        (KEY, "other", ciphertext),
        (KEY, "acme", ciphertext.replace(PATH, "u/eve/mine")),
    ]:
        with pytest.raises(CantDecrypt):
            decrypt(key, workspace, text)


def test_what_was_changed_or_is_no_ciphertext_is_refused():
    ciphertext = encrypt(KEY, "acme", PATH, "hunter2")
    head, _, body = ciphertext.rpartition(":")
    last = "A" if body[-5] != "A" else "B"
    for text in (
        "",
        "hunter2",
        head,
        f"{head}:",
        f"{head}:AAAA",
        f"{head}:{body[:8]}",
        f"{head}:{body[:-5]}{last}{body[-4:]}",
        ciphertext + "\n",
        ciphertext.replace(":1:", ":2:"),
    ):
        with pytest.raises(CantDecrypt):
            decrypt(KEY, "acme", text)
