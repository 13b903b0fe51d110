"""A search over any registered document: text, filters, sorts, facets, highlights, cursors, suggestions, and export.

A project lists its fields in a `SearchSchema` (schema.py, fields.py), adds them to its document with `@searchable`, and
subclasses the views of views.py. search.py is the way of one search; it needs no HTTP. See
docs/index-your-own-model.md.

This is the topmost package: it may import every package of search below it (conf and exceptions, client, mapping,
outbox, metrics, indices, push, drift, rebuild), and none of them imports it. Only params, serializers and views import
REST framework, and only openapi imports drf-spectacular.
"""
