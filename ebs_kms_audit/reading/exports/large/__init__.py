"""A large regular export → the Events that the plain reader gives: the vectorised reader.

The rows of a block are read together, as columns of numpy. Each row in doubt is left to the plain
reader.

opening       a source or a table → its large export (table_lines: rows of a table → lines)
export        the file: `read` it, then ask for the rows that bear on denials
ranges        the ranges of the file, which several processes read (contents: its bytes)
range_reader  a range → what an audit needs of it (settings: how its rows are written)
window        the bytes of a range, a block at a time
index         a block → where each cell is
event_times   the time of each row
parts         what was called and where it was recorded → what each row is (flags)
groups        rows that an audit treats alike, by the hashes of their cells (numbered, distinct)
selection     what is kept of each row: its cells, its place, or only the count (blocks, seen)
needed        rows that become events one by one, as columns (text_columns)
row_events    needed rows → Events (failed_rows: failed KMS calls of one kind together)
naming_keys   the cells of a block that name KMS keys
counted       rows that are only counted, by group (errors: failed KMS calls, each event once)
account_counter  the account ids that rows show, for files whose own ids are damaged
places        what is kept of a row that may bear on a denial (kept: of all such rows of a file)
choice        which places bear on denials
calls, changes, successes  those of a finding (changes: also failures because of a key's state)
listed        rows that findings list: their events are made when they are used
"""

from ebs_kms_audit.reading.exports.large.export import LargeExport
from ebs_kms_audit.reading.exports.large.opening import open_large, open_large_table

__all__ = ["LargeExport", "open_large", "open_large_table"]
