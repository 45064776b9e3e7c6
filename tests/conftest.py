"""The tests give the same result in each run, and on a slow machine.

`pytest --hypothesis-profile=random` draws other examples in each run.
"""

from hypothesis import settings

settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.register_profile("random", deadline=None)
settings.load_profile("repeatable")
