"""The sample data: one invented incident, exported as people export it."""

from __future__ import annotations

from pathlib import Path

from ebs_kms_audit.errors import UsageError

# A wheel holds the folder in the package, a checkout beside it.
_FOLDERS = (Path(__file__).parent / "sample_data", Path(__file__).parents[1] / "sample_data")


def sample_path(name: str = "event_history.csv") -> Path:
    """Return the path of a file of the sample data.

    Raises UsageError for a name that the sample data does not have; the message names all files.
    """
    folder = next((folder for folder in _FOLDERS if folder.is_dir()), _FOLDERS[0])
    names = sorted(path.name for path in folder.glob("*") if path.is_file())
    if name not in names:
        known = ", ".join(names) or "no files: the package was installed without them"
        raise UsageError(f"sample_path: {name} is not in the sample data, which has {known}")
    return folder / name
