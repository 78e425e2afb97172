"""Where a job's modules lie in its folder, so that Python's own import finds them.

A script ``f/a/b`` is the file ``f/a/b.py`` and the module ``f.a.b``; ``f``, ``f/a`` are folders without
anything in them but what the job imports.
"""

from __future__ import annotations

from headrace.runtimes.base import Code

# A file f/a/b.py hides what lies in the folder f/a/b, and a package is found before a file. So where both
# are scripts, the folder has this in it: it puts the script in its own place, as what it is (relative
# imports count from where the script lies), with the folder to look for more.
_BOTH = '''\
"""The script beside this folder; both can be imported."""
import importlib.util
import os
import sys

_folder = os.path.dirname(__file__)
_spec = importlib.util.spec_from_file_location(__name__, _folder + ".py")
_module = importlib.util.module_from_spec(_spec)
_module.__path__ = [_folder]
sys.modules[__name__] = _module
_spec.loader.exec_module(_module)
'''


def job_files(code: Code) -> dict[str, str]:
    """All files of a job, by their place in its folder."""
    scripts = code.modules | ({code.path: code.content} if code.path else {})
    files = {file_of(path): content for path, content in scripts.items()}
    folders = {"/".join(parts[:count]) for parts in map(_parts, scripts) for count in range(1, len(parts))}
    both = {f"{path}/__init__.py": _BOTH for path in scripts.keys() & folders}
    return files | both | {file_of(code.path): code.content}


def file_of(path: str | None) -> str:
    """The file of the script at a path, or of a preview without one."""
    return f"{path}.py" if path else "main.py"


def module_of(path: str | None) -> str:
    """What the script is called, so that relative imports work; a dot within a part is no separator."""
    return ".".join(part.replace(".", "_") for part in path.split("/")) if path else "main"


def _parts(path: str) -> list[str]:
    return path.split("/")
