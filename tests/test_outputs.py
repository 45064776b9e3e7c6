"""sample_data/output holds the reports of the sample data as they are now."""

import pytest

from tests.make_outputs import OUTPUT, PICTURE, outputs

TEXTS = outputs()


@pytest.mark.parametrize("name", TEXTS)
def test_an_example_is_the_report_of_today(name):
    assert (OUTPUT / name).read_bytes().decode() == TEXTS[name], "run: python -m tests.make_outputs"


def test_no_example_is_left_over():
    assert {path.name for path in OUTPUT.iterdir()} == {*TEXTS, PICTURE.name}


def test_the_first_screens_fit():
    assert len(TEXTS["report_csv_only.txt"].splitlines()) <= 75
    assert len(TEXTS["report.txt"].splitlines()) <= 90
