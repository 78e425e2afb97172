"""Bodies and answers of the routes that lock the dependencies of a script."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from headrace.api.schemas.running import checked_path
from headrace.errors import InvalidInput
from headrace.lifecycle.launch import RawCode
from headrace.runtimes.python_dependencies.lock_inputs import file_name

_OF_OTHER_LANGUAGES = ("package.json", "composer.json", "go.mod", "modules.json")


class RawScript(BaseModel):
    """One script whose dependencies are asked for."""

    raw_code: str
    language: str = "python3"
    path: str | None = None
    script_path: str | None = None


class RawDependencies(BaseModel):
    """A script whose dependencies are asked for, and files that stand in for those of the workspace."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "raw_scripts": [
                        {
                            "raw_code": "import requests\n",
                            "language": "python3",
                            "script_path": "f/reports/spells",
                        }
                    ],
                    "raw_workspace_dependencies": {"dependencies/requirements.in": "requests>=2.32\n"},
                    "entrypoint": "f/reports/spells",
                }
            ]
        }
    )

    raw_scripts: list[RawScript]
    entrypoint: str = ""
    raw_workspace_dependencies: dict[str, str] | None = None
    temp_script_refs: dict[str, str] | None = None

    def code(self) -> RawCode:
        """The one script to lock. Raises InvalidInput."""
        if len(self.raw_scripts) != 1:
            raise InvalidInput("raw_scripts", "must hold exactly one script")
        script = self.raw_scripts[0]
        path = script.script_path or script.path or self.entrypoint
        return RawCode(
            script.raw_code,
            script.language,
            checked_path(path, "script_path"),
            dependency_files=self._dependency_files(),
        )

    def _dependency_files(self) -> dict[str, str] | None:
        """By the names that scripts have for them; those of other languages are of no use here."""
        if self.raw_workspace_dependencies is None:
            return None
        files: dict[str, str] = {}
        for path, content in self.raw_workspace_dependencies.items():
            if (name := file_name(path)) is not None:
                files[name] = content
            elif not path.endswith(_OF_OTHER_LANGUAGES):
                raise InvalidInput("raw_workspace_dependencies", f"{path[:50]!a} is no file of dependencies")
        return files


class Lock(BaseModel):
    """What was locked."""

    lock: str
