"""The line coverage is that of each package, without the modules that are exempt."""

import json
from pathlib import Path

import pytest

from tests.line_coverage import EXEMPT, by_package, main

ROOT = Path(__file__).parents[1]


def files(**counts):
    """Return what `coverage json` writes of files: the lines that ran and all lines of each."""
    return {
        path.replace("__", "/") + ".py": {
            "summary": {"covered_lines": ran, "num_statements": all_lines}
        }
        for path, (ran, all_lines) in counts.items()
    }


def test_a_package_is_a_folder_without_its_sub_packages():
    found = by_package(files(a__x=(9, 10), a__y=(10, 10), a__b__z=(1, 2), a__b__empty=(0, 0)))
    assert found == {"a": (19, 20), "a/b": (1, 2)}


@pytest.mark.parametrize("module", EXEMPT)
def test_what_is_exempt_is_not_counted(module):
    found = by_package({module: {"summary": {"covered_lines": 0, "num_statements": 9}}})
    assert found == {}


@pytest.mark.parametrize("module", EXEMPT)
def test_what_is_exempt_exists(module):
    assert (ROOT / module).is_file()


@pytest.mark.parametrize(("ran", "code"), [(95, None), (94, "line coverage below 95 %: a")])
def test_less_than_is_required_fails(tmp_path, capsys, ran, code):
    path = tmp_path / "lines.json"
    path.write_text(json.dumps({"files": files(a__x=(ran, 100))}))
    if code is None:
        main(str(path))
    else:
        with pytest.raises(SystemExit) as left:
            main(str(path))
        assert left.value.code == code
    first_line = capsys.readouterr().out.splitlines()[0]
    assert first_line == f"  {ran}.0 %    100 lines  a"
