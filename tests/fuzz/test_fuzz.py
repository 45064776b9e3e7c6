"""A fixed number of inputs of each generator, with a fixed seed: none breaks anything."""

import pytest

from tests.fuzz.generator import attempt
from tests.fuzz.generators import GENERATORS

SEED = 1
PARTS = 4  # each is a test of its own, to be spread over processes


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("generator", GENERATORS, ids=lambda one: one.name)
def test_no_input_breaks_anything(generator, part):
    failures = [
        failure
        for number in range(part, generator.count, PARTS)
        if (failure := attempt(generator, SEED, number))
    ]
    assert not failures, "\n\n".join(map(str, failures[:3]))
