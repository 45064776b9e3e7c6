"""The notebook display of a value, with a view from `render/`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar


class Displayed:
    """A value with a view for notebooks.

    `_view` is the name of a function in `ebs_kms_audit.render.notebook`. The module is imported
    only when a notebook displays the value, because `model` does not import `render`.
    """

    __slots__ = ()

    _view: ClassVar[str]

    def _repr_html_(self) -> str:
        view: Callable[[Any], str] = getattr(
            import_module("ebs_kms_audit.render.notebook"), self._view
        )
        return view(self)
