"""The query of a list of scripts: filters of the public contract."""

from __future__ import annotations

from dataclasses import dataclass

from headrace.model.ids import parse_script_hash
from headrace.store.script_list import ScriptFilter


@dataclass(frozen=True, slots=True)
class ScriptQuery:
    """Filters as they are given; what is empty narrows nothing."""

    path_exact: str | None = None
    path_start: str | None = None
    created_by: str | None = None
    kinds: str | None = None
    languages: str | None = None
    label: str | None = None
    is_template: bool | None = None
    dedicated_worker: bool | None = None
    first_parent_hash: str | None = None
    last_parent_hash: str | None = None
    parent_hash: str | None = None
    show_archived: bool = False
    include_without_main: bool = False
    include_draft_only: bool = False
    starred_only: bool = False
    with_deployment_msg: bool = False
    without_description: bool = False
    order_desc: bool = True

    @property
    def asks_for_versions(self) -> bool:
        """Whether it asks for what a mere draft does not have."""
        asked = (self.kinds, self.languages, self.label, self.is_template, self.dedicated_worker)
        parents = (self.first_parent_hash, self.last_parent_hash, self.parent_hash)
        return self.show_archived or any(asked) or any(parents)

    def filter(self, owners: list[str] | None) -> ScriptFilter:
        """The same in our own words, for whoever reads paths of these owners; raises InvalidInput."""
        hashes = {
            name: parse_script_hash(text, name) if (text := getattr(self, name)) else None
            for name in ("first_parent_hash", "last_parent_hash", "parent_hash")
        }
        return ScriptFilter(
            owners=owners,
            path_exact=self.path_exact or None,
            path_start=self.path_start or None,
            created_by=self.created_by or None,
            kinds=_words(self.kinds),
            languages=_words(self.languages),
            is_template=self.is_template,
            is_dedicated=self.dedicated_worker,
            label=self.label or None,
            # In parent_hashes the nearest is the first.
            parent=hashes["first_parent_hash"],
            oldest_ancestor=hashes["last_parent_hash"],
            ancestor=hashes["parent_hash"],
            is_archived=self.show_archived,
            with_libraries=self.include_without_main,
            newest_first=self.order_desc,
        )


def _words(text: str | None) -> list[str] | None:
    words = [word.strip() for word in (text or "").split(",") if word.strip()]
    return words or None
