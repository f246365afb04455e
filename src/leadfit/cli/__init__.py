"""The commands. ``main`` is the edge where errors become words and exit codes."""

from __future__ import annotations

import errno
import re
import sys
import traceback
from pathlib import Path
from typing import Final

import click
from click.exceptions import NoArgsIsHelpError

from leadfit import __version__
from leadfit.cli.base import FOLDER
from leadfit.cli.commands import Commands
from leadfit.cli.output import Output
from leadfit.collector import collect_seldom
from leadfit.errors import BadInput, Fault, LeadfitError, Retryable

INTERNAL = 4
# What a disk or a system says of a file that Leadfit has nothing to do with.
_OUTSIDE: Final = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO,
        errno.EMFILE, errno.ENFILE,
    }
)  # fmt: skip
# How Click puts what an option of ours says of a value that it cannot take.
_INVALID: Final = re.compile(
    r"Invalid value for '(?P<place>.+?)': came (?P<came>.+); allowed: (?P<allowed>.+)"
)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--workspace", type=FOLDER, help="The workspace folder of the command.")
@click.version_option(__version__, prog_name="leadfit")
def cli(workspace: Path | None) -> None:
    """Resolve, score and route every signal, by an ICP learned from revenue."""
    del workspace  # the commands read it from the context


def main(arguments: list[str] | None = None) -> None:
    """Run a command and exit: 0 done, 1 a check failed, 2 bad input, 3 may pass, 4 internal."""
    collect_seldom()
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run a command and return its exit code."""
    output = Output(as_json="--json" in arguments)
    try:
        # Click returns the code given to Context.exit, and None after a plain end.
        code = cli.main(arguments, prog_name="leadfit", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except LeadfitError as error:
        output.fail(error)
        return error.exit_code
    except click.UsageError as error:
        output.fail(_misused(output, error))
        return BadInput.exit_code
    except (click.Abort, KeyboardInterrupt):
        output.say("stopped")
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:  # noqa: BLE001 -- the outermost edge: say it, give the promised code
        return _unforeseen(output, arguments, error)


def _misused(output: Output, error: click.UsageError) -> BadInput:
    """Show how the command is used, and return what is wrong with what came."""
    path = "leadfit" if error.ctx is None else error.ctx.command_path
    if isinstance(error, NoArgsIsHelpError):
        output.say(error.format_message())
        fault = Fault(place="command line", came="no command", allowed="one of those above")
    else:
        if error.ctx is not None:
            output.say(error.ctx.get_usage())
        fault = _misuse(error, f"see `{path} --help`")
    return BadInput(fault)


def _misuse(error: click.UsageError, see: str) -> Fault:
    # Click lists choices on lines of their own; an error is one line.
    message = " ".join(error.format_message().split()).removesuffix(".")
    if isinstance(error, click.MissingParameter):
        came = f"no {message.removeprefix('Missing ')}"
        return Fault(place="command line", came=came, allowed=see)
    told = _INVALID.fullmatch(message)
    if told is None:
        return Fault(place="command line", came=message, allowed=see)
    return Fault(place=told["place"], came=told["came"], allowed=f"{told['allowed']}; {see}")


def _unforeseen(output: Output, arguments: list[str], error: Exception) -> int:
    """Say what went wrong inside, or that an argument holds bytes that are no text."""
    is_text = not any("\ud800" <= letter <= "\udfff" for text in arguments for letter in text)
    if isinstance(error, UnicodeEncodeError) and not is_text:
        came = "bytes that are no text"
        output.fail(BadInput(Fault(place="command line", came=came, allowed="UTF-8 text")))
        return BadInput.exit_code
    if isinstance(error, OSError) and error.errno in _OUTSIDE:
        place = "" if error.filename is None else f"{error.filename}: "
        output.fail(Retryable(f"{place}{error.strerror}"))
        return Retryable.exit_code
    output.say(traceback.format_exc())
    output.fail(LeadfitError("an error inside Leadfit; please report it with the lines above"))
    return INTERNAL
