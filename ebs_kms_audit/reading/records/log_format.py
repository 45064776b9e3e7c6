"""How CloudTrail writes a log file: the parts of its text by which records are found.

    {"Records":[{"eventVersion":"1.11","userIdentity":{…},"eventTime":"2026-05-18T07:00:34Z",
    "eventSource":"kms.amazonaws.com","eventName":"Decrypt",…},{"eventVersion":…},…]}

There are no line breaks and no spaces.
"""

from __future__ import annotations

import re

LOG = re.compile(rb'\{"Records":\[(?=\{"eventVersion":")')
"""The beginning of a log file, up to its first record."""
END_OF_LOG = b"}]}"
BEGINS = b'{"eventVersion":"'
"""The beginning of a record."""
COMMA = b"},"
"""The end of a record in a list, and what separates it from the next record."""
BORDER = COMMA + BEGINS
AFTER_VERSION = b'","userIdentity":{"'
BEFORE_TIME = b'},"eventTime":"'
AFTER_TIME = b'Z",'
SOURCE = b'"eventSource":"'
"""The beginning of the Event source."""

VERSION_END = len('{"eventVersion":"1.11')
IDENTITY = VERSION_END + len('","userIdentity":')
"""After the beginning of a record: where its version ends, and where its userIdentity begins."""
TIME, TIME_END = len('2026-05-18T07:00:34Z",'), len('",')
IDENTITY_END = TIME + len(',"eventTime":"')
"""Before the Event source: where the time begins and ends, and where the userIdentity ends."""
