"""Report → text, HTML, JSON, tables: one module a format, each with one function.

Log fields are hostile text: each format escapes them in its own way.
"""
