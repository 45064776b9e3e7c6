"""Policy variables: `${aws:username}`, `${aws:username, 'default'}`, and `${*}` `${?}` `${$}`.

Source: IAM User Guide, "IAM policy elements: Variables and tags". They exist only in documents
of Version 2012-10-17; elsewhere `${…}` is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from ebs_kms_audit.policy.context import Context, Value
from ebs_kms_audit.policy.wildcards import ANY, Pattern, literal, matches, pattern_of

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"(.*?)\s*,\s*'(.*)'\s*", re.DOTALL)


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
        pattern: Pattern = ()
        exact = True
        end = 0
        for found in _VARIABLE.finditer(text):
            pattern += plain(text[end : found.start()])
            end = found.end()
            name = found[1]
            if name in ("*", "?", "$"):
                pattern += (name,)
                continue
            default = _WITH_DEFAULT.fullmatch(name)
            values = context.values((default[1] if default else name).strip())
            if values is None:
                pattern, exact = (*pattern, ANY), False
            elif len(values) == 1 and isinstance(values[0], str):
                pattern += literal(values[0])
            elif len(values) == 1:
                pattern, exact = (*pattern, ANY), False
            elif not values and default:
                pattern += literal(default[2])
            else:
                return None
        return cls(pattern + plain(text[end:]), exact)

    def fits(self, value: Value) -> bool | None:
        """Tell whether a value of the request fits."""
        return self.weigh(fit_all(lambda one: matches(self.pattern, one), value))

    def weigh(self, result: bool | None) -> bool | None:
        """Say what a match is worth where the pattern fits more than AWS's."""
        return None if result and not self.exact else result


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
