"""``headrace dev``: a workspace's files are edited here, and run there."""

from headrace.cli.dev.command import dev

__all__ = ["dev"]
