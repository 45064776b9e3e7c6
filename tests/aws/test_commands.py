"""Commands: a POSIX shell gets back exactly the words that were given."""

import subprocess

import pytest

from ebs_kms_audit.aws.commands import command


@pytest.mark.parametrize(
    "word",
    [
        "us-east-1",
        "us-east-1;touch x",
        "$(touch x)",
        "`touch x`",
        "it's",
        "two words",
        "two\nlines",
        "",
        "--option",
        "#comment",
    ],
)
def test_a_shell_reads_each_word_as_it_was_given(word: str) -> None:
    script = command("printf", "%s|", "first", word)
    shown = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert shown.stdout == f"first|{word}|"


def test_plain_words_are_not_quoted() -> None:
    assert command("aws", "kms", "list-aliases") == "aws kms list-aliases"
