"""The walkthrough notebook runs, and shows what its text says."""

import nbformat
import pytest
from nbclient import NotebookClient

from tests.make_notebook import notebook
from tests.make_samples import SAMPLES


def test_the_notebook_is_what_the_script_writes():
    written = nbformat.read(SAMPLES / "walkthrough.ipynb", as_version=4)
    assert written.cells == notebook().cells


@pytest.mark.filterwarnings("default")  # the kernel's own libraries, not ours
def test_the_notebook_runs_and_shows_the_report():
    book = nbformat.read(SAMPLES / "walkthrough.ipynb", as_version=4)
    NotebookClient(book, timeout=120, resources={"metadata": {"path": str(SAMPLES)}}).execute()
    outputs = [cell.outputs for cell in book.cells if cell.cell_type == "code"]
    assert "KMS denied 8 calls by 4 callers" in outputs[0][0].data["text/html"]
    assert '"Sid": "Allow attachment of persistent resources"' in outputs[1][0].text
    assert "arn:aws:iam::111122223333:role/ci/deploy" in outputs[2][0].data["text/plain"]
    assert outputs[3][0].data["text/html"].count("GenerateDataKeyWithoutPlaintext") == 5
    assert outputs[4][0].data["text/plain"].startswith("(1,")
