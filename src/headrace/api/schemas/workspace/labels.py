"""Labels as bodies give them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

Labels = Annotated[
    list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=50)
]
"""Words by which things are found."""
