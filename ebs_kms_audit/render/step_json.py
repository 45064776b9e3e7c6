"""Step → dict: every field of a step, null or empty where it does not apply."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from functools import partial
from typing import Any

from ebs_kms_audit.plan.change import CuredDenial, Permission, Proof
from ebs_kms_audit.plan.step import Step
from ebs_kms_audit.render.json_text import Items, chunks, null_or_text, parts_of


def step_dict(step: Step) -> dict[str, Any]:
    """Return one step of the plan as JSON-ready values; the denials of the proof are `Items`."""
    return {
        "id": step.id,
        "kind": str(step.kind),
        "text": step.text,
        "account": step.account,
        "region": step.region,
        "target": step.target,
        "disposition": str(step.disposition),
        "reasons": step.reasons,
        "findings": step.findings,
        "principals": step.principals,
        "left_out": [
            {
                "name": one.name,
                "finding": one.finding,
                "why": one.why,
                "how_to_find": one.how_to_find,
            }
            for one in step.left_out
        ],
        "alternative_to": step.alternative_to,
        "statements": step.statements,
        "needs": step.needs,
        "document": step.document,
        "diff": step.diff,
        "patch": step.patch,
        "proof": step.proof and _proof(step.proof),
        "console_steps": step.console_steps,
        "commands": {
            "apply": step.commands.apply,
            "verify": step.commands.verify,
            "undo": step.commands.undo,
        },
        "terraform": step.terraform,
        "cloudformation": step.cloudformation,
        "afterwards": step.afterwards,
    }


def _proof(proof: Proof) -> dict[str, Any]:
    return {
        "cures": proof.cures,
        "gives_nothing_else": proof.gives_nothing_else,
        "denials": Items(proof.denials, _cured, partial(_cured_texts, proof.denials)),
        "newly_allowed": [_permission(one) for one in proof.newly_allowed],
        "lost": [_permission(one) for one in proof.lost],
    }


def _cured(denial: CuredDenial) -> dict[str, Any]:
    return {
        "event_id": denial.event_id,
        "action": denial.action,
        "before": str(denial.before),
        "after": str(denial.after),
        "cured": denial.cured,
    }


def _cured_texts(denials: Sequence[CuredDenial], margin: str) -> Iterator[str]:
    kinds: dict[Hashable, list[str]] = {}
    for some in chunks(denials):
        texts = []
        for one in some:
            kind = one.action, id(one.before), id(one.after), one.cured
            parts = kinds.get(kind)
            if parts is None:
                parts = kinds[kind] = parts_of(_cured(one), margin, ("event_id",))
            texts.append(null_or_text(one.event_id).join(parts))
        yield "".join(texts)


def _permission(permission: Permission) -> dict[str, Any]:
    return {
        "principal": permission.principal,
        "action": permission.action,
        "condition": permission.condition,
        "expected": permission.expected,
    }
