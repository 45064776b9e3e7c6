"""The walkthrough notebook runs, and is saved with the outputs that it has now."""

import nbformat
import pytest

from tests.make_notebook import executed, notebook
from tests.make_samples import SAMPLES

SAVED = nbformat.read(SAMPLES / "walkthrough.ipynb", as_version=4)


def shown(book):
    """Return the outputs of each code cell, as text."""
    return [
        [output.get("text") or output["data"] for output in cell.outputs]
        for cell in book.cells
        if cell.cell_type == "code"
    ]


def test_the_notebook_is_what_the_script_writes():
    assert [cell.source for cell in SAVED.cells] == [cell.source for cell in notebook().cells]


@pytest.mark.filterwarnings("default")  # the kernel's own libraries, not ours
def test_the_notebook_is_saved_with_its_present_outputs():
    now = executed()
    assert shown(SAVED) == shown(now), "run: python -m tests.make_notebook"
    report, causes, step, table, default_view = shown(now)
    assert "KMS denied 8 calls by 4 callers" in report[0]["text/html"]
    assert "arn:aws:iam::111122223333:role/ci/deploy" in causes[0]
    assert "Step 1." in step[0]["text/html"]
    assert table[0]["text/html"].count("GenerateDataKeyWithoutPlaintext") == 5
    assert default_view[0]["text/plain"].startswith("(1,")
