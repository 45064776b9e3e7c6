"""Documents that nobody writes by hand: an error or an answer, in time that grows with their size.

Nothing here measures time: a text this long does not end where the work grows with its square.
"""

import json
from typing import Any

import pytest

from ebs_kms_audit.errors import PolicyError
from ebs_kms_audit.policy import KeyPolicy
from ebs_kms_audit.policy.variables import Template, variables_in
from ebs_kms_audit.policy.wildcards import ANY
from tests.records import KEY_ARN, audit, record

STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}
LONG = 20_000


def nested(levels: int, inner: Any = "x") -> Any:
    for _ in range(levels):
        inner = [inner]
    return inner


@pytest.mark.parametrize("element", ["Sid", "Effect", "Principal", "Action", "Resource",
                                     "Condition", "NotAction", "Unknown"])  # fmt: skip
@pytest.mark.parametrize("value", [[], {}, 5, 1.5, True, None, [[]], [{}], {"AWS": []}, {"": {}},
                                   {"StringEquals": []}, {"StringEquals": {"": [[], {}, None]}}],
                         ids=str)  # fmt: skip
def test_an_element_of_any_type_gives_a_report(element, value):
    report = audit(record(), key_policies={KEY_ARN: {"Statement": [STATEMENT | {element: value}]}})
    assert len(report.findings) == 1
    assert len(json.loads(report.to_json())["findings"]) == 1
    assert str(report).startswith("KMS denied 1 call")


@pytest.mark.parametrize("levels", [33, 600, 900])
@pytest.mark.parametrize("element", ["Sid", "Principal", "Condition", "Unknown"])
def test_a_document_nested_too_deep_is_an_error(element, levels):
    document = {"Statement": [STATEMENT | {element: nested(levels)}]}
    for given in (document, json.dumps(document)):
        with pytest.raises(PolicyError, match="more than 32 levels"):
            (KeyPolicy.from_json if isinstance(given, str) else KeyPolicy.from_dict)(given)


def test_a_document_that_holds_itself_is_an_error():
    statement: dict[str, Any] = dict(STATEMENT)
    statement["Condition"] = statement
    with pytest.raises(PolicyError, match="more than 32 levels"):
        KeyPolicy.from_dict({"Statement": [statement]})


def test_the_deepest_document_that_is_read_has_32_levels():
    # The document, its list of statements and the statement are three of them.
    document = {"Statement": [STATEMENT | {"Unknown": nested(29)}]}
    assert len(KeyPolicy.from_dict(document).statements) == 1
    with pytest.raises(PolicyError):
        KeyPolicy.from_dict({"Statement": [STATEMENT | {"Unknown": nested(30)}]})


@pytest.mark.parametrize(
    "text",
    [
        "${" * LONG,
        "${" + " " * LONG,
        "${a," * LONG,
        "${*}" * LONG,
        "$" * LONG,
        "${a}" * LONG,
        "*" * LONG,
        "${" * LONG + "}" * LONG,
    ],
)
def test_long_texts_are_read_in_linear_time(text):
    document = {
        "Version": "2012-10-17",
        "Statement": [
            STATEMENT | {"Resource": text, "Action": text[:LONG]},
            STATEMENT | {"Condition": {"StringLike": {"aws:PrincipalArn": text}}},
        ],
    }
    assert len(audit(record(), key_policies={KEY_ARN: document}).findings) == 1


class Known:
    """A request with one condition key that has a value, and one that has none."""

    def values(self, name: str) -> tuple[str, ...] | None:
        return {"aws:username": ("alice",), "aws:none": ()}.get(name)


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("a${aws:username}b", (*"aaliceb",)),
        ("${aws:username, 'x'}", (*"alice",)),
        ("${ aws:none , 'x' }", ("x",)),
        ("${aws:none,''}", ()),
        ("${aws:none}", None),
        ("${aws:none, x}", (ANY,)),  # no default in quotes: the name is unknown
        ("${aws:other}*", (ANY, ANY)),
        ("${aws:username}" * 100, (*"alice" * 100,)),
        ("${aws:username}" * 101, (ANY,)),
        ("${*}${?}${$}", ("*", "?", "$")),
        ("${aws:username", (*"${aws:username",)),
        ("${${aws:username}", (*"${alice",)),  # the inner one is the variable
    ],
)
def test_variables_are_filled_in(text, pattern):
    template = Template.read(text, Known(), wildcards=True, variables=True)
    assert (template and template.pattern) == pattern


def test_the_variables_of_a_text_are_named():
    assert variables_in("${aws:username}/${aws:x, 'y'}${*}${") == ["aws:username", "aws:x"]
    assert variables_in("${" * LONG) == []
