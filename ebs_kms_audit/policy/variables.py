"""Policy variables: `${aws:username}`, `${aws:username, 'default'}`, and `${*}` `${?}` `${$}`.

Source: IAM User Guide, "IAM policy elements: Variables and tags". They exist only in documents
of Version 2012-10-17; elsewhere `${…}` is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Self

from ebs_kms_audit.policy.context import Context, Value
from ebs_kms_audit.policy.wildcards import ANY, Pattern, literal, matches, pattern_of

_MOST_VARIABLES = 100  # of a text with more, nothing is decided
# A variable ends where the next one begins, so the search is linear in any text.
_VARIABLE = re.compile(r"\$\{((?:[^}$]|\$(?!\{))*)\}")


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy with its variables filled in.

    `exact` is False where a variable's value is not known: the pattern then fits more than AWS's.
    """

    pattern: Pattern
    exact: bool

    @classmethod
    def read(cls, text: str, context: Context, *, wildcards: bool, variables: bool) -> Self | None:
        """Fill in the variables; None where one has no value in this request and no default.

        `wildcards` says whether `*` and `?` are such here, `variables` whether `${…}` is.
        """
        plain = pattern_of if wildcards else literal
        if not variables or "${" not in text:
            return cls(plain(text), True)
        variables_found = list(islice(_VARIABLE.finditer(text), _MOST_VARIABLES + 1))
        if len(variables_found) > _MOST_VARIABLES:
            return cls((ANY,), False)
        pattern: list[str | int] = []
        exact = True
        end = 0
        for found in variables_found:
            pattern += plain(text[end : found.start()])
            end = found.end()
            if found[1] in ("*", "?", "$"):
                pattern.append(found[1])
                continue
            name, default = _name_and_default(found[1])
            values = context.values(name)
            if values == ():
                if default is None:
                    return None
                pattern += literal(default)
            elif values is not None and len(values) == 1 and isinstance(values[0], str):
                pattern += literal(values[0])
            else:  # AWS does not say what a key with several values is as a variable
                exact = False
                pattern.append(ANY)
        return cls((*pattern, *plain(text[end:])), exact)

    def fits(self, value: Value) -> bool | None:
        """Return whether a value of the request fits."""
        return self.weigh(fit_all(lambda one: matches(self.pattern, one), value))

    def weigh(self, result: bool | None) -> bool | None:
        """Return what a match is worth where the pattern fits more than AWS's."""
        return None if result and not self.exact else result


def _name_and_default(variable: str) -> tuple[str, str | None]:
    """Split `aws:username, 'default'`; without a default, the second part is None."""
    name, comma, default = variable.partition(",")
    default = default.strip()
    if comma and len(default) > 1 and default[0] == default[-1] == "'":
        return name.strip(), default[1:-1]
    return variable.strip(), None


def variables_in(text: str) -> list[str]:
    """Return the condition keys that a text names as variables."""
    names = [name.partition(",")[0].strip() for name in _VARIABLE.findall(text)]
    return [name for name in names if name not in ("*", "?", "$")]


def fit_all(test: Callable[[str | Pattern], bool | None], value: Value) -> bool | None:
    """Test a value; one known in part must pass, or fail, whichever of its forms it has."""
    if isinstance(value, str):
        return test(value)
    results = {test(pattern) for pattern in value}
    return results.pop() if len(results) == 1 else None
