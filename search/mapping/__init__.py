"""Mapping: how a row becomes a document, and which documents are registered.

`base` is the base class of documents, `registry` finds them, `keys` and `checksum` identify a row and its state,
`fingerprint` a mapping; `text_fields` are the kinds of text fields, `snapshot` one consistent read of the database, and
`column_rows` with `column_readers` a faster way to read rows.

May import conf, exceptions, client and models.
"""
