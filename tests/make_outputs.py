"""Writes sample_data/output/: the reports of the sample data, one file for each format.

python -m tests.make_outputs            all reports
python -m tests.make_outputs --picture  the picture of the README too; it needs `chromium`
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ebs_kms_audit
from ebs_kms_audit.render.registry import FORMATS
from tests.make_samples import SAMPLES

OUTPUT = SAMPLES / "output"
FILES = ["event_history.csv", "event_history.json", "key_policy.json"]
PICTURE = OUTPUT / "report.png"


@contextmanager
def _in_the_samples() -> Iterator[None]:
    """Audit from within sample_data/, for file names without a folder."""
    before = Path.cwd()
    os.chdir(SAMPLES)
    try:
        yield
    finally:
        os.chdir(before)


def outputs() -> dict[str, str]:
    """Return the text of each report by the name of its file."""
    with _in_the_samples():
        csv_only = ebs_kms_audit.audit(FILES[0], progress=False)
        report = ebs_kms_audit.audit(FILES, progress=False)
    texts = {f"report{one.endings[0]}": one.render(report) for one in FORMATS.values()}
    texts["report_csv_only.txt"] = csv_only.to_text()
    texts["report_details.txt"] = report.to_text(details=True)
    return texts


def _picture() -> None:
    """Write the first screen of the HTML report as a picture."""
    subprocess.run(
        [
            "chromium", "--headless", "--no-sandbox", "--hide-scrollbars",
            "--window-size=1100,1240", f"--screenshot={PICTURE}",
            f"file://{OUTPUT / 'report.html'}",
        ],
        check=True, capture_output=True,
    )  # fmt: skip


if __name__ == "__main__":
    OUTPUT.mkdir(exist_ok=True)
    for name, text in outputs().items():
        (OUTPUT / name).write_bytes(text.encode())
    if "--picture" in sys.argv:
        _picture()
