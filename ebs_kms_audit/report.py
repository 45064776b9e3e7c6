"""Report: the result of an audit, with methods for JSON, tables, text and notebooks.

Renderers, pandas and pyarrow are imported only when a method needs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ebs_kms_audit.diagnosis.caveats import Caveat
from ebs_kms_audit.diagnosis.diagnose import cause_of
from ebs_kms_audit.diagnosis.findings import Finding
from ebs_kms_audit.diagnosis.grouping import Group
from ebs_kms_audit.model import Verdict

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from ebs_kms_audit.diagnosis.unused import Unused
    from ebs_kms_audit.model import Coverage, Denial, OtherError, SetAside, Symptom
    from ebs_kms_audit.plan.step import Step


@dataclass(frozen=True, kw_only=True, slots=True, repr=False)
class Report:
    """The result of an audit. A notebook displays it, and `print(report)` prints it as text.

    findings             the denials, grouped by caller, key and cause
    plan                 the changes to make, in order
    coverage             the coverage of the input
    caveats              the limits of the input
    set_aside            rows that could not be read
    other_errors         KMS errors that are not denials
    shared_name_denials  denied rows without Event source and with an event name that other services
                         have, too; they can be denials by another service, so that no finding
                         contains them
    unused               arguments without effect
    symptoms             errors that point to a KMS key and are not KMS denials
    """

    findings: tuple[Finding, ...]
    plan: tuple[Step, ...] = ()
    coverage: Coverage
    caveats: tuple[Caveat, ...]
    set_aside: tuple[SetAside, ...]
    other_errors: tuple[OtherError, ...]
    shared_name_denials: tuple[Denial, ...]
    unused: tuple[Unused, ...] = ()
    symptoms: tuple[Symptom, ...] = ()

    @property
    def failed_inputs(self) -> tuple[str, ...]:
        """The error of each input that could not be read at all, one sentence each."""
        return tuple(file.error for file in self.coverage.files if file.error)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-ready values; the keys are listed in the README.

        Unknown values are None. Times are in ISO 8601 format, with `Z` if the time zone is known.
        """
        from ebs_kms_audit.render.json import as_dict

        return as_dict(self)

    def to_json(self) -> str:
        """Return `to_dict()` as JSON text, in ASCII."""
        from ebs_kms_audit.render.json import render

        return render(self)

    def to_text(
        self,
        *,
        details: bool = False,
        finding: str | None = None,
        width: int = 80,
        color: bool = False,
    ) -> str:
        """Return the text for a terminal of 60 to 120 columns: the answer, then the plan.

        With `details`, all facts follow. With `finding`, the id of a finding, only this finding is
        shown. `width` is in columns. `print(report)` prints the text without options.

        Raises UsageError for an unknown id.
        """
        from ebs_kms_audit.render.text import render

        return render(self, details=details, finding=finding, width=width, color=color)

    def to_markdown(self) -> str:
        """Return Markdown for a ticket or a pull request. Text of the log is escaped."""
        from ebs_kms_audit.render.markdown import render

        return render(self)

    def to_html(self) -> str:
        """Return one HTML document without scripts and without external resources."""
        from ebs_kms_audit.render.html import render

        return render(self)

    def to_csv(self) -> str:
        """Return CSV with one row per denial. Formulas for spreadsheets are escaped."""
        from ebs_kms_audit.render.csv import render

        return render(self)

    def to_arrow(self) -> pa.Table:
        """Return a pyarrow Table with one row per denial and the columns `render.table.COLUMNS`."""
        from ebs_kms_audit.render.table import as_arrow

        return as_arrow(self)

    def to_pandas(self) -> pd.DataFrame:
        """Return a DataFrame with one row per denial and the columns `render.table.COLUMNS`.

        Texts are not escaped. A spreadsheet evaluates a cell that begins with `=`, `+`, `-` or `@`
        as a formula. To open the denials in a spreadsheet, use `to_csv()`.
        """
        from ebs_kms_audit.render.table import as_pandas

        return as_pandas(self)

    def __repr__(self) -> str:
        denials, findings = self.coverage.denials, len(self.findings)
        return (
            f"<Report: {denials:,} {'denial' if denials == 1 else 'denials'} in "
            f"{findings:,} {'finding' if findings == 1 else 'findings'}>"
        )

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        from ebs_kms_audit.render.notebook import report

        return report(self)


def findings_of(groups: Sequence[Group]) -> tuple[Finding, ...]:
    """Return a finding for each group, in descending order of denials. Harmless probes are last.

    Of findings with as many denials, the one with the earlier first denial comes first.
    """
    return tuple(sorted(map(_finding, groups), key=_order))


def _order(finding: Finding) -> tuple[bool, int, float, str]:
    first = next(iter(finding.denials.times), float("inf"))
    return finding.noise, -finding.count, first, finding.id


def _finding(group: Group) -> Finding:
    denials = group.denials
    first = denials.kinds[0]
    return Finding(
        id=group.id,
        account=first.event.account,
        region=first.event.region,
        principal=first.principal,
        key=max((d.key for d in denials.kinds), key=lambda key: (key.arn is not None, key.known)),
        ebs_traffic=any(denial.ebs_traffic for denial in denials.kinds),
        denials=denials,
        history=group.history,
        judgements=group.judgements,
        verdict=Verdict.worst(denial.verdict for denial in denials.kinds),
        cause=cause_of(group),
    )
