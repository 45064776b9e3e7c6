"""Help texts, usage errors and the commands that explain: demo, version, explain."""

import re

import pytest

import ebs_kms_audit
from ebs_kms_audit.aws import FACTS_DATE
from ebs_kms_audit.cli.commands import COMMANDS
from ebs_kms_audit.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Nothing to read. Give a file, for example: ebs-kms-audit event_history.csv."),
        (
            ["--format", "yaml", "x"],
            "--format: yaml is not one of the choices. Choose one of text,",
        ),
        (["--format", "jsn", "x"], "--format: jsn is not one of the choices. Did you mean json?"),
        (["--formt", "json", "x"], "--formt is not an option. Did you mean --format?"),
        (["--princpal=a=b", "x"], "--princpal is not an option. Did you mean --principal?"),
        (["--rec", "x"], "--rec is not an option."),
        (["--minutes", "a", "x"], "--minutes: invalid float value: 'a'."),
        (["--minutes", "5", "x"], "--minutes needs --around TIME"),
        (["--color", "alway", "x"], "Did you mean always?"),
        (["--show", "dif", "x"], "Did you mean diff?"),
        (["explian"], "explian is neither a file nor a command. Did you mean explain?"),
        (["explain", "read_only_hiden"], "Did you mean read_only_hidden?"),
        (["explain", "safe", "review"], "review is one argument too many."),
        (["help", "quer"], "Did you mean query?"),
        (["query", "lak"], "Did you mean lake?"),
        (["query", "--days", "3"], "query: say athena or lake."),
        (["query", "lake", "--table", "t"], "--table is an option of query athena"),
        (["query", "lake", "--partitions", "none"], "--partitions is an option of query athena"),
        (["query", "athena", "--event-data-store", "x"], "is an option of query lake"),
    ],
)
def test_usage_errors_are_one_sentence_with_the_nearest_match(folder, capsys, arguments, words):
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    assert line.startswith("ebs-kms-audit: ")
    assert words in line


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["denid.csv"], "denid.csv does not exist. Did you mean denied.csv?"),
        (["denied.csv", "claen.csv"], "claen.csv does not exist. Did you mean clean.csv?"),
        (
            ["denied.csv", "--key-policy", "./prose.csw"],
            "./prose.csw does not exist. Did you mean prose.csv?",
        ),
    ],
)
def test_a_misspelt_file_gets_the_nearest_name(folder, capsys, arguments, error):
    assert main(arguments) == 2
    assert capsys.readouterr().err.splitlines()[:2] == [
        f"ebs-kms-audit: {error.partition(' ')[0]}: no such file; check the path",
        f"ebs-kms-audit: {error}",
    ]


@pytest.mark.parametrize("name", ["unlike", "denid*.csv", "\x00", "nowhere/denied.csv"])
def test_no_name_is_suggested_if_none_is_near(folder, capsys, name):
    assert main([name]) == 2
    assert "Did you mean" not in capsys.readouterr().err


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_every_help_has_examples_and_the_exit_statuses(capsys, command):
    with pytest.raises(SystemExit) as left:
        main([*command.split(), "--help"])
    assert left.value.code == 0
    text = capsys.readouterr().out
    examples = re.search(r"\nexamples?:\n((?:  .+\n)+)", text)[1].splitlines()
    shown = "" if command == "demo" else f" {command}"  # it shows what to run on the same files
    assert any(line.startswith(f"  ebs-kms-audit{shown}".rstrip()) for line in examples)
    assert re.search(r"\nexit status:\n  [01]  ", text)


@pytest.mark.parametrize("words", [["help"], ["help", "query"]])
def test_help_is_the_help_of_a_command(capsys, words):
    with pytest.raises(SystemExit):
        main(words)
    assert capsys.readouterr().out.startswith(" ".join(["usage: ebs-kms-audit", *words[1:]]))


def test_version_is_a_command_and_an_option(capsys):
    assert main(["version"]) == 0
    text = capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["--version"])
    version = f"ebs-kms-audit {ebs_kms_audit.__version__} (facts about AWS as of {FACTS_DATE})\n"
    assert capsys.readouterr().out == text == version


def test_query_without_a_word_explains_itself(capsys):
    assert main(["query"]) == 0
    text = capsys.readouterr().out
    assert [line for line in text.splitlines() if re.match("  (athena|lake) ", line)] == [
        "  athena   Amazon Athena, for a trail with its log files in Amazon S3",
        "  lake     CloudTrail Lake, for an event data store (Lake takes no new customers since "
        "2026-05-31)",
    ]


def test_explain_lists_every_id_and_shows_each(capsys):
    assert main(["explain"]) == 0
    listed = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"read_only_hidden", "missing_allow", "safe", "inferred"} <= set(listed)
    for id in listed:
        assert main(["explain", id]) == 0
        page = capsys.readouterr().out
        assert page.startswith(f"{id} (")
        assert "What to do: " in page
        assert max(map(len, page.splitlines())) <= 80
