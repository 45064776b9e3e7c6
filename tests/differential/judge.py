"""Runs the other judge as a separate process."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Self

HERE = Path(__file__).parent


class JudgeMissingError(Exception):
    """Node.js or the packages of this folder are not installed."""


class Judge:
    """The other judge. One process judges batch after batch."""

    def __init__(self) -> None:
        node = shutil.which("node")
        if node is None or not (HERE / "node_modules" / "@cloud-copilot" / "iam-simulate").is_dir():
            raise JudgeMissingError(
                f"The other judge is not installed. Install Node.js, then run: "
                f"npm install --prefix {HERE}"
            )
        self._process = subprocess.Popen(
            [node, str(HERE / "judge.cjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()

    def begin(self, simulations: list[dict[str, Any]]) -> None:
        """Send a batch. The judge works on it while this process goes on."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(simulations) + "\n")
        self._process.stdin.flush()

    def answers(self) -> list[str]:
        """Wait for the results of the batch that was sent."""
        assert self._process.stdout is not None
        results: list[str] = json.loads(self._process.stdout.readline())
        return results
