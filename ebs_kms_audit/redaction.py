"""Stand-ins for what must not leave the house: account ids, names, keys, ARNs, addresses.

The redactor works on the facts, before any sentence is made of them, so that no text can leak what
a field no longer holds. A value has the same stand-in wherever it occurs in the report.
"""

from __future__ import annotations

from dataclasses import replace

from ebs_kms_audit.aws import callers
from ebs_kms_audit.aws.arns import Arn
from ebs_kms_audit.diagnosis.coverage import Facts, FileNote
from ebs_kms_audit.diagnosis.grouping import Group
from ebs_kms_audit.diagnosis.judgement import Judgement
from ebs_kms_audit.messages import DenialMessage
from ebs_kms_audit.model import Denial, Event, FileCoverage, KeyRef, Principal

_KEPT_NAMES = frozenset({callers.AUTO_SCALING_SESSION, callers.ROOT_USER, callers.HIDDEN_USER})


class Redactor:
    """Gives out stand-ins, numbered in the order in which the values are met."""

    def __init__(self) -> None:
        self._stand_ins: dict[tuple[str, str], str] = {}

    def facts(self, facts: Facts) -> Facts:
        """Return the facts with a stand-in for everything that names someone or something."""
        coverage = facts.coverage
        return facts._replace(
            denials=tuple(self._denial(denial) for denial in facts.denials),
            shared_name_denials=tuple(self._denial(d) for d in facts.shared_name_denials),
            coverage=replace(
                coverage,
                files=tuple(self._file(file) for file in coverage.files),
                accounts=tuple(self._stand_in("account", one) for one in coverage.accounts),
            ),
            set_aside=tuple(
                replace(row, file=self._stand_in("file", row.file)) for row in facts.set_aside
            ),
            other_errors=tuple(
                replace(error, account=self._maybe("account", error.account))
                for error in facts.other_errors
            ),
            file_notes=tuple(self._note(note) for note in facts.file_notes),
        )

    def group(self, group: Group) -> Group:
        """Return the group with the same stand-ins."""
        history = group.history
        later = history.later_success
        return Group(
            denials=tuple(self._denial(denial) for denial in group.denials),
            history=replace(
                history,
                attempts=tuple(self._event(event) for event in history.attempts),
                changes=tuple(self._event(event) for event in history.changes),
                later_success=later and self._event(later),
            ),
            judgements=tuple(self._judgement(judgement) for judgement in group.judgements),
        )

    def _judgement(self, judgement: Judgement) -> Judgement:
        """Keep the verdicts and which statement decided; a policy itself is made of names."""
        policy = judgement.policy
        return replace(
            judgement,
            policy=replace(policy, name=self._stand_in("policy", policy.name), key=None),
            can_be_shown=False,
            decisions=tuple(
                replace(
                    decision,
                    why=str(decision.verdict),
                    decided_by=tuple(replace(one, sid=None) for one in decision.decided_by),
                    depends_on=(),
                    statements=(),
                )
                for decision in judgement.decisions
            ),
        )

    def _denial(self, denial: Denial) -> Denial:
        return replace(
            denial,
            event=self._event(denial.event),
            principal=self._principal(denial.principal),
            key=self._key(denial.key),
            message=denial.message and _without_names(denial.message),
            credential_account=self._maybe("account", denial.credential_account),
        )

    def _event(self, event: Event) -> Event:
        service = callers.service_behind(event.source_ip)
        record = event.record
        return replace(
            event,
            file=self._stand_in("file", event.file),
            record=record and replace(record, file=self._stand_in("file", record.file)),
            identity=None,
            error_message=None,
            source_ip=event.source_ip if service else self._maybe("address", event.source_ip),
            user_agent=event.user_agent if service else None,
            user_name=self._name(event.user_name),
            access_key=self._maybe("access-key", event.access_key),
            resources=(),
            account=self._maybe("account", event.account),
            account_cell=None,
        )

    def _principal(self, principal: Principal) -> Principal:
        return replace(
            principal,
            arn=self._arn(principal.arn),
            user_name=self._name(principal.user_name),
            session_name=self._name(principal.session_name),
            role_name=self._name(principal.role_name),
        )

    def _key(self, key: KeyRef) -> KeyRef:
        aws_managed = key.aws_managed
        return replace(
            key,
            arn=self._arn(key.arn),
            id=self._maybe("key", key.id),
            alias=key.alias if aws_managed else self._maybe("alias", key.alias),
        )

    def _arn(self, text: str | None) -> str | None:
        arn = Arn.parse(text)
        if arn is None:
            return self._maybe("arn", text)
        *path, name = arn.resource.split("/")
        if path and path[0] == "key":
            name = self._stand_in("key", name)
        elif path and not (len(path) > 1 and path[1] == "aws-service-role"):
            path, name = path[:1], self._name(name) or ""
        account = self._stand_in("account", arn.account)
        return str(arn._replace(account=account, resource="/".join([*path, name])))

    def _file(self, file: FileCoverage) -> FileCoverage:
        stand_in = self._stand_in("file", file.name)
        error = file.error and file.error.replace(file.name, stand_in)
        return replace(file, name=stand_in, error=error)

    def _note(self, note: FileNote) -> FileNote:
        stand_in = self._stand_in("file", note.file)
        values = {
            name: value.replace(note.file, stand_in) if isinstance(value, str) else value
            for name, value in note.values.items()
        }
        return note._replace(file=stand_in, values=values)

    def _name(self, name: str | None) -> str | None:
        return name if name in _KEPT_NAMES else self._maybe("name", name)

    def _maybe(self, what: str, value: str | None) -> str | None:
        return None if value is None else self._stand_in(what, value)

    def _stand_in(self, what: str, value: str) -> str:
        number = 1 + sum(kind == what for kind, _ in self._stand_ins)
        return self._stand_ins.setdefault((what, value), f"{what}-{number}")


def _without_names(message: DenialMessage) -> DenialMessage:
    """Keep which type of policy refused, and how: the sentences on it repeat nothing of a log."""
    return replace(
        message,
        principal=None,
        role_name=None,
        role_arn=None,
        role_why=None,
        resource=None,
        policy_arn=None,
    )
