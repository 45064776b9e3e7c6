"""Every small change of a module that can change what the module does.

Changes that cannot be noticed are not made: docstrings, annotations, decorators, imports, asserts
and prose (a string with a space). Each change is made in the tree, handed out, and taken back.
"""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
_TWINS = [("any", "all"), ("min", "max"), ("startswith", "endswith"), ("subnet_of", "overlaps")]
_TWIN = {**dict(_TWINS), **{second: first for first, second in _TWINS}}
_TRANSPARENT = ("lower", "upper", "casefold", "strip", "lstrip", "rstrip")
"""Methods without which the text is used as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mutant:
    """One change of one module."""

    line: int
    """The line of the changed node."""
    statement: int
    """The first line of its statement."""
    names: tuple[str, ...]
    """What the statement assigns."""
    function: str
    """The qualified name of the outermost function that holds the change; empty outside of one."""
    body: range
    """The lines of that function, without its first line."""
    old: str
    new: str
    source: str
    """The whole module with the change."""

    @property
    def key(self) -> str:
        """The same text after edits elsewhere in the module."""
        text = f"{self.function}\n{self.old}\n{self.new}"
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield the mutants of a module."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    text = ast.unparse(tree)
    for parent, field, index, function, statement in list(_slots(tree)):
        node = _get(parent, field, index)
        line = getattr(node, "lineno", statement.lineno)
        old = _head(statement)
        for new in _replacements(parent, field, node):
            _set(parent, field, index, new)
            source = ast.unparse(tree)
            if source != text:
                targets = ast.walk(statement) if isinstance(statement, ast.Assign) else ()
                yield Mutant(
                    line=line,
                    statement=statement.lineno,
                    names=tuple(
                        one.id
                        for one in targets
                        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
                    ),
                    function=function[0] if function else "",
                    body=function[1] if function else range(0),
                    old=old,
                    new=_head(_get(parent, field, index) if node is statement else statement),
                    source=source,
                )
            _set(parent, field, index, node)


def difference(old: str, new: str) -> str:
    """Show the change in one line: `what precedes [old → new] what follows`."""
    old, new = " ".join(old.split()), " ".join(new.split())
    before = _shared(old, new)
    after = _shared(old[before:][::-1], new[before:][::-1])
    changed, to = (text[before : len(text) - after] for text in (old, new))
    start = f"{'…' if before > 80 else ''}{old[max(before - 80, 0) : before]}"
    rest = old[len(old) - after :]
    return f"{start}[{changed} → {to}]{rest[:50]}{'…' if len(rest) > 50 else ''}"


def _shared(first: str, second: str) -> int:
    return sum(
        1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, second, strict=False))
    )


def _get(parent, field, index):
    value = getattr(parent, field)
    return value if index is None else value[index]


def _set(parent, field, index, node):
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _head(statement):
    """Return the text of a statement without the statements that it holds."""
    shown = copy.copy(statement)
    nothing = [ast.Expr(ast.Constant(...))]
    for field in ("body", "orelse", "finalbody"):
        if getattr(shown, field, None):
            setattr(shown, field, nothing if field == "body" else [])
    if isinstance(shown, ast.Try):
        shown.handlers = [ast.ExceptHandler(one.type, one.name, nothing) for one in shown.handlers]
    if isinstance(shown, ast.Match):
        shown.cases = [ast.match_case(one.pattern, one.guard, nothing) for one in shown.cases]
    return ast.unparse(ast.fix_missing_locations(shown))


def _slots(node, function=None, qualname="", statement=None):
    """Yield where each node is: its parent, field, index, outermost function and statement."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "type_params", "type_comment"}:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(child, ast.AST) or _skipped(node, field, index, child):
                continue
            within, name, inner = function, qualname, statement
            if isinstance(child, ast.stmt):
                inner = child
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = f"{qualname}.{child.name}".lstrip(".")
            if isinstance(node, ast.FunctionDef) and field == "body" and within is None:
                within = qualname, range(node.body[0].lineno, node.end_lineno + 1)
            if inner is not None:
                yield node, field, index, within, inner
            yield from _slots(child, within, name, inner)


def _skipped(parent, field, index, child):
    match child:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.Assert():
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")) | ast.Call(func=ast.Name(id="TypeVar")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.JoinedStr():
            return not isinstance(child, ast.JoinedStr)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript() | ast.BinOp()):
            return name.lstrip("_")[:1].isupper() and not name.isupper()  # an alias of a type
    if isinstance(parent, ast.Call) and field == "args" and index == 0:
        return isinstance(parent.func, ast.Name) and parent.func.id == "cast"
    return isinstance(parent, ast.arguments) and field == "args"


def _replacements(parent, field, node):
    """Yield what takes the place of a node."""
    if isinstance(node, ast.stmt):
        yield from _statements(node)
    elif isinstance(node, ast.expr):
        yield from _conditions(parent, field, node)
        yield from _constants(parent, node)
        yield from _calls(node)
        yield from _displays(parent, node)
    elif isinstance(node, ast.comprehension):
        for at in range(len(node.ifs)):
            kept = node.ifs[:at] + node.ifs[at + 1 :]
            yield ast.comprehension(node.target, node.iter, kept, node.is_async)
    elif isinstance(node, ast.match_case) and node.guard is not None:
        yield ast.match_case(node.pattern, None, node.body)
    elif isinstance(node, ast.MatchOr):
        for at in range(len(node.patterns)):
            yield ast.copy_location(
                ast.MatchOr(node.patterns[:at] + node.patterns[at + 1 :])
                if len(node.patterns) > 2
                else node.patterns[1 - at],
                node,
            )


def _statements(node):
    there = {"lineno": node.lineno, "col_offset": 0}
    match node:
        case ast.Return(value=ast.expr() as value) if not _is_empty(value):
            yield ast.Return(ast.Constant(None, **there), **there)
        case ast.Continue():
            yield ast.Break(**there)
        case ast.Break():
            yield ast.Continue(**there)
        case ast.Expr() | ast.AugAssign() | ast.Raise() | ast.Delete():
            yield ast.Pass(**there)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.Pass(**there)
        case ast.Match(cases=cases) if len(cases) > 1:
            for at in range(len(cases)):
                yield ast.Match(node.subject, cases[:at] + cases[at + 1 :], **there)


def _is_empty(value):
    return isinstance(value, ast.Constant) and value.value in (None, False)


def _conditions(parent, field, node):
    there = {"lineno": node.lineno, "col_offset": 0}
    if field == "test" and isinstance(parent, ast.If | ast.IfExp | ast.While):
        yield ast.Constant(False, **there)
        if not isinstance(parent, ast.While):
            yield ast.Constant(True, **there)
    match node:
        case ast.Compare(ops=ops):
            for at, operator in enumerate(ops):
                changed = [*ops[:at], _COMPARE[type(operator)](), *ops[at + 1 :]]
                yield ast.Compare(node.left, changed, node.comparators, **there)
        case ast.BoolOp(values=values):
            other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
            yield ast.BoolOp(other, values, **there)
            for at in range(len(values)):
                kept = values[:at] + values[at + 1 :]
                yield kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept, **there)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield operand


def _constants(parent, node):
    there = {"lineno": node.lineno, "col_offset": 0}
    match node:
        case ast.Constant(value=bool(value)):
            yield ast.Constant(not value, **there)
        case ast.Constant(value=int(value)):
            yield ast.Constant(value + 1, **there)
        case ast.Constant(value=str(value)) if not isinstance(parent, ast.JoinedStr):
            if " " not in value.strip():
                yield ast.Constant(value + "XX", **there)
        case ast.BinOp(op=operator) if type(operator) in _OPERATOR:
            joined = (ast.JoinedStr, ast.List, ast.Tuple)
            sides = (node.left, node.right)
            if not any(isinstance(side, joined) or _is_text(side) for side in sides):
                yield ast.BinOp(node.left, _OPERATOR[type(operator)](), node.right, **there)


def _calls(node):
    there = {"lineno": node.lineno, "col_offset": 0}
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in _TWIN:
            other: ast.expr = ast.Name(_TWIN[name], ast.Load(), **there)
            yield ast.Call(other, node.args, node.keywords, **there)
        case ast.Call(func=ast.Name(id="sorted" | "reversed"), args=[first, *_]):
            yield ast.Call(ast.Name("list", ast.Load(), **there), [first], [], **there)
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _TWIN:
            other = ast.Attribute(value, _TWIN[name], ast.Load(), **there)
            yield ast.Call(other, node.args, node.keywords, **there)
        case ast.Call(func=ast.Attribute(value=value, attr=name)) if name in _TRANSPARENT:
            yield value
    if isinstance(node, ast.Call):
        for at in range(len(node.keywords)):
            kept = node.keywords[:at] + node.keywords[at + 1 :]
            yield ast.Call(node.func, node.args, kept, **there)


def _displays(parent, node):
    """Yield a tuple, list, set or dictionary without each of its entries."""
    there = {"lineno": node.lineno, "col_offset": 0}
    match node:
        case ast.Tuple() if isinstance(parent, ast.Subscript):
            return  # the parameters of a type
        case ast.Tuple(elts=elts, ctx=ast.Load()) | ast.List(elts=elts, ctx=ast.Load()):
            for at in range(len(elts) if len(elts) > 1 else 0):
                yield type(node)(elts[:at] + elts[at + 1 :], ast.Load(), **there)
        case ast.Set(elts=elts):
            for at in range(len(elts) if len(elts) > 1 else 0):
                yield ast.Set(elts[:at] + elts[at + 1 :], **there)
        case ast.Dict(keys=keys, values=values):
            for at in range(len(keys) if len(keys) > 1 else 0):
                yield ast.Dict(keys[:at] + keys[at + 1 :], values[:at] + values[at + 1 :], **there)


def _is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
