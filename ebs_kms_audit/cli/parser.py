"""Parser: argparse with one-sentence errors, and the nearest match for a misspelt word."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from ebs_kms_audit.cli.output import write
from ebs_kms_audit.errors import UsageError
from ebs_kms_audit.render.phrases import did_you_mean

_UNEXPLAINED = re.compile(r"^argument (\S+): (.*)$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """Parses the words of one command. Options are written in full and may follow the files."""

    def __init__(self, command: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=f"ebs-kms-audit {command}".rstrip(),
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, words: Sequence[str]) -> argparse.Namespace:
        """Return the options that the words give. Raises UsageError."""
        options, unknown = self.parse_known_intermixed_args(list(words))
        for word in unknown:
            if word.startswith("-"):
                name = word.partition("=")[0]
                known = [option for option in self._option_string_actions if option[:2] == "--"]
                self.error(f"{name} is not an option.{did_you_mean(name, known)}")
            self.error(f"{word} is one argument too many.")
        return options

    def _print_message(self, message: str, file: object = None) -> None:  # noqa: ARG002
        """Write the help or the version to standard output. Raises UsageError if it cannot be."""
        write(message)

    def error(self, message: str) -> NoReturn:
        """Raise UsageError with the message as a sentence, and where the help is."""
        found = _UNEXPLAINED.match(message)
        text = f"{found[1].partition('/')[2] or found[1]}: {found[2]}" if found else message
        end = "" if text.endswith((".", "?")) else "."
        raise UsageError(f"{text}{end} Help: {self.prog} --help")


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """Return the type of an argument that takes one of several names."""
    known = tuple(names)

    def check(word: str) -> str:
        if word not in known:
            choices = f"Choose one of {', '.join(known)}."
            raise argparse.ArgumentTypeError(
                f"{word} is not one of the choices.{did_you_mean(word, known) or f' {choices}'}"
            )
        return word

    return check
