"""How a notebook shows a value: the value names its view, which stands above it in `render/`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, ClassVar


class Displayed:
    """A value with a view for notebooks.

    `_view` is the name of a function in `ebs_kms_audit.render.notebook`. The module is looked up by
    its name when a notebook asks, because values import nothing that stands above them.
    """

    __slots__ = ()

    _view: ClassVar[str]

    def _repr_html_(self) -> str:
        view: Callable[[Any], str] = getattr(
            import_module("ebs_kms_audit.render.notebook"), self._view
        )
        return view(self)
