"""Positions in a log count UTF-16 code units, as JavaScript counts a string's length."""

from __future__ import annotations


def utf16_length(text: str) -> int:
    """Length of a text in UTF-16 code units."""
    if text.isascii():
        return len(text)
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_tail(text: str, units: int) -> str:
    """The text without its first ``units`` code units; a character cut in half is left out."""
    if text.isascii():
        return text[units:]
    return text.encode("utf-16-le")[units * 2 :].decode("utf-16-le", "ignore")


def utf16_head(text: str, units: int) -> str:
    """The first ``units`` code units of a text; a character cut in half is left out."""
    if text.isascii():
        return text[:units]
    return text.encode("utf-16-le")[: units * 2].decode("utf-16-le", "ignore")
