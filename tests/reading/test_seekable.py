"""Content that is unpacked from its beginning on is the same from any place on, in any order."""

from hypothesis import example, given
from hypothesis import strategies as st

from ebs_kms_audit.reading.seekable import SeekableContent

CONTENT = bytes(range(256)) * 4


@given(
    sizes=st.lists(st.integers(1, 90), min_size=1, max_size=60),
    reads=st.lists(st.tuples(st.integers(0, 1100), st.integers(0, 300)), max_size=9),
)
@example(sizes=[16] * 64, reads=[(512, 16), (400, 500), (1024, 9), (1023, 9), (0, 1)])
def test_each_read_begins_where_it_is_asked_to(sizes, reads):
    def blocks():
        at = 0
        for size in (*sizes, len(CONTENT)):
            if part := CONTENT[at : at + size]:
                yield part
            at += size

    content = SeekableContent(blocks)
    for offset, size in reads:
        found = b""
        for block in content.blocks_from(offset):
            found += block
            if len(found) >= size:
                break
        assert CONTENT[offset:].startswith(found)
        assert len(found) >= min(size, max(0, len(CONTENT) - offset))


def test_going_forward_reads_the_content_once():
    opened = []

    def blocks():
        opened.append(None)
        yield from (CONTENT[at : at + 10] for at in range(0, 1000, 10))

    content = SeekableContent(blocks)
    for offset in range(0, 1000, 50):
        assert next(content.blocks_from(offset))[0] == offset % 256
        assert next(content.blocks_from(max(0, offset - 60)))[0] == max(0, offset - 60) % 256
    assert len(opened) == 1
    next(content.blocks_from(10))
    assert len(opened) == 2
