"""Headrace: turns a plain function into a governed job."""

__version__ = "0.1.0"
