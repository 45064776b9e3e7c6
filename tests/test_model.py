"""The values of the model: what they have in common is what `dataclass` would have given them."""

import dataclasses

import pytest

from ebs_kms_audit import caveats, history, judge, model, remedy, report
from ebs_kms_audit.model import RecordRef, Resource, SetAside, Value

MODULES = (caveats, history, judge, model, remedy.fix, report)
VALUES = sorted(
    {
        one
        for module in MODULES
        for one in vars(module).values()
        if isinstance(one, type) and dataclasses.is_dataclass(one)
    },
    key=lambda one: one.__name__,
)


def test_a_value_is_shown_with_its_fields():
    assert repr(Resource(type="AWS::KMS::Key", name=None)) == (
        "Resource(type='AWS::KMS::Key', name=None)"
    )


def test_values_are_equal_where_class_and_fields_are():
    one, same = RecordRef(file="a", number=1), RecordRef(file="a", number=1)
    assert one == same
    assert hash(one) == hash(same)
    assert one != RecordRef(file="a", number=2)
    assert SetAside(file="a", line=1, reason="") != RecordRef(file="a", number=1)
    assert one != ("a", 1)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: value.__name__)
def test_every_dataclass_of_a_report_is_a_frozen_value(value):
    assert issubclass(value, Value)
    assert value.__dataclass_params__.frozen
    assert value.__eq__ is Value.__eq__
    assert value.__hash__ is Value.__hash__
    assert "__dict__" not in vars(value)  # slots
