"""Writes sample_data/walkthrough.ipynb, executed, with its outputs.

python -m tests.make_notebook
"""

from __future__ import annotations

import nbformat
from nbclient import NotebookClient

from tests.make_samples import SAMPLES

CELLS = (
    (
        "markdown",
        "# From a failed volume to the change of the key policy\n\n"
        "An encrypted EBS volume could not be created. Somebody opened CloudTrail Event history, "
        "set the filter *Event source = kms.amazonaws.com*, and downloaded the events. "
        "Nothing here needs AWS credentials or a network.",
    ),
    (
        "code",
        "import ebs_kms_audit as kms\n\n"
        'report = kms.audit("event_history.csv")\n'
        "report",
    ),
    (
        "markdown",
        "A CSV does not show which policy denied the calls. The report says so, and says what to "
        "get next: the JSON of the same search. The key policy completes it.",
    ),
    (
        "code",
        "report = kms.audit(\n"
        '    ["event_history.csv", "event_history.json", "key_policy.json"],\n'
        ")\n"
        "for finding in report.findings:\n"
        "    print(finding.cause.id, finding.count, finding.principal.arn)",
    ),
    (
        "markdown",
        "The plan has one step for each document to change. The first one changes the key policy "
        "and is safe: it is proved on the policy of this key.",
    ),
    ("code", "report.plan[0]"),
    ("markdown", "One row for each denied call:"),
    (
        "code",
        'columns = ["event_time", "user_name", "event_name", "statement_kind", "line"]\n'
        "report.to_pandas()[columns]",
    ),
    (
        "markdown",
        "The same hour, exported in the default view of the console, shows one denied call of "
        "eight: the view hides read-only events. The report says so.",
    ),
    (
        "code",
        'default_view = kms.audit("event_history_default_view.csv")\n'
        "default_view.coverage.denials, [caveat.id for caveat in default_view.caveats]",
    ),
)  # fmt: skip


def notebook() -> nbformat.NotebookNode:
    """Return the notebook without outputs, each cell with an id that does not change."""
    made = {"markdown": nbformat.v4.new_markdown_cell, "code": nbformat.v4.new_code_cell}
    cells = [
        made[kind](text, id=f"cell-{number}") for number, (kind, text) in enumerate(CELLS, start=1)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook: nbformat.NotebookNode = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": kernel}
    )
    return notebook


def executed() -> nbformat.NotebookNode:
    """Return the notebook with its outputs, without the times of their execution."""
    book = notebook()
    NotebookClient(
        book,
        timeout=120,
        record_timing=False,
        resources={"metadata": {"path": str(SAMPLES)}},
    ).execute()
    book.metadata = notebook().metadata
    return book


if __name__ == "__main__":
    nbformat.write(executed(), SAMPLES / "walkthrough.ipynb")
