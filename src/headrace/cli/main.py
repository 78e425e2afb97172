"""The program ``headrace``: finds the command, and turns every end into an exit code.

0    done; for `run`, `logs` and `demo --once`: the job, or every job, succeeded
1    the job failed or was canceled
2    the command line or an argument is unusable
65   something is too large
66   it is not there
69   a server or database is away; the same may succeed later
70   a fault of Headrace itself
73   it clashes with what is there
77   the caller is unknown or may not
78   a setting or the machine must be changed first
130  interrupted by Ctrl-C
143  ended by SIGTERM
"""

from __future__ import annotations

import importlib
import logging
import sys

import click

from headrace import __version__, errors

SUCCESS = 0
JOB_FAILED = 1
BUG = 70
MISCONFIGURED = 78
INTERRUPTED = 130

EXIT_CODES: dict[type[errors.HeadraceError], int] = {
    errors.InvalidInput: 2,
    errors.TooLarge: 65,
    errors.NotFound: 66,
    errors.Unavailable: 69,
    errors.JobFailed: JOB_FAILED,
    errors.UnusableResult: JOB_FAILED,
    errors.TooMany: 75,
    errors.NotInTime: 75,
    errors.Conflict: 73,
    errors.NotAuthenticated: 77,
    errors.PermissionDenied: 77,
    errors.Misconfigured: MISCONFIGURED,
}

_COMMANDS = {
    "up": "Run everything on this machine: PostgreSQL, server and worker.",
    "server": "Run a server only.",
    "worker": "Run a worker only.",
    "migrate": "Bring the database's schema up to this release.",
    "user": "Add users, set passwords, list users.",
    "token": "Make API tokens.",
    "run": "Run a deployed script or a file, and follow it.",
    "logs": "Follow the log of a job to its end.",
    "schema": "Print the JSON schema of a function's arguments.",
    "history": "List the versions of a script: who, when, why.",
    "diff": "Show what changed between versions of a script.",
    "restore": "Deploy an old version of a script once more.",
    "archive": "Take a script away from its path; its versions stay.",
    "doctor": "Say what this machine can do, and the cure for what it can't.",
    "dev": "Deploy a folder's workspace as its files change, and run its scripts.",
    "demo": "Start a server with a folder's workspace in it and run its jobs.",
}

_FOLDERS = dict.fromkeys(("history", "diff", "restore", "archive"), "versions")
"""Commands that lie in a folder of their own."""

log = logging.getLogger(__name__)


class _Commands(click.Group):
    """Loads a command when it is used: a worker has no need of the web framework."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in _COMMANDS:
            return None
        module = f"{_FOLDERS[cmd_name]}.{cmd_name}" if cmd_name in _FOLDERS else cmd_name
        return getattr(importlib.import_module(f"headrace.cli.{module}"), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(
    cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, message="headrace %(version)s")
def headrace() -> None:
    """Turns plain functions into governed jobs.

    Every option of a setting can be given as an environment variable, HEADRACE_ and its name.
    """


def main() -> None:
    """Entry of the program; ends the process."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Carry out a command line; its exit code. What went wrong is one sentence on standard error."""
    try:
        code = headrace.main(arguments, prog_name="headrace", standalone_mode=False)
        return code if isinstance(code, int) else SUCCESS
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more can be told to them.
        sys.stdout = None
        return SUCCESS
    except errors.HeadraceError as error:
        click.echo(f"headrace: {error}", err=True)
        return exit_code(error)
    except Exception:
        log.exception("headrace: something went wrong on our side")
        return BUG


def exit_code(error: errors.HeadraceError) -> int:
    """The exit code that an error stands for."""
    return next(EXIT_CODES[cls] for cls in type(error).__mro__ if cls in EXIT_CODES)


if __name__ == "__main__":
    main()
