"""Runs inside a job's process: standard library only, imports nothing else of ours, imported by nobody.

Copied beside the jobs as the package ``headrace_runner`` and started from there. It is trusted until the
job's own code begins.
"""
