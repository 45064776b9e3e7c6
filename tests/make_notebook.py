"""Writes sample_data/walkthrough.ipynb, without outputs.

python -m tests.make_notebook
"""

from __future__ import annotations

import nbformat

from tests.make_samples import SAMPLES

CELLS = (
    (
        "markdown",
        "# From a failed volume to the statement to paste\n\n"
        "An encrypted EBS volume could not be created. You exported CloudTrail's Event history "
        "with the filter *Event source = kms.amazonaws.com* and chose *Download CSV*. "
        "Nothing here needs AWS credentials or a network.",
    ),
    (
        "code",
        "import ebs_kms_audit\n\n"
        'report = ebs_kms_audit.audit("event_history.csv")\n'
        "report",
    ),
    (
        "markdown",
        "The plan has one step for each document to change. These are the statements of the first "
        "step, ready for the key policy's `Statement` list.",
    ),
    (
        "code",
        "import json\n\n"
        "print(json.dumps(report.plan[0].statements, indent=2))",
    ),
    (
        "markdown",
        "The session `deploy-7f3a` is a role's, and a CSV does not say which. If you know, say so: "
        "the placeholder becomes the role.",
    ),
    (
        "code",
        "report = ebs_kms_audit.audit(\n"
        '    "event_history.csv",\n'
        '    principals={"deploy-7f3a": "arn:aws:iam::111122223333:role/ci/deploy"},\n'
        ")\n"
        'deploy = next(f for f in report.findings if f.principal.session_name == "deploy-7f3a")\n'
        "deploy.principal.arn, deploy.principal.evidence",
    ),
    (
        "markdown",
        "One row a denial, for whatever else you want to know.",
    ),
    (
        "code",
        'columns = ["event_time", "user_name", "event_name", "statement_kind", "line"]\n'
        "report.to_pandas()[columns]",
    ),
    (
        "markdown",
        "The same hour, exported in the default view, shows one denial of eight: the view hides "
        "read-only events. The report says so.",
    ),
    (
        "code",
        'default_view = ebs_kms_audit.audit("event_history_default_view.csv")\n'
        "default_view.coverage.denials, [caveat.id for caveat in default_view.caveats]",
    ),
)  # fmt: skip


def notebook() -> nbformat.NotebookNode:
    """Return the notebook, each cell with an id that does not change."""
    made = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [
        made[kind](text, id=f"cell-{number}") for number, (kind, text) in enumerate(CELLS, start=1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel}
    )
    return notebook


if __name__ == "__main__":
    nbformat.write(notebook(), SAMPLES / "walkthrough.ipynb")
