"""The search of orders: what an order looks like in the index, and how it is found.

fields.py is the one table of an order's fields. To make one more field searchable, sortable, filterable, a facet,
highlighted or exported, edit that table, and rebuild the index. A field that reads another table also needs that model
in documents.py, which says what is captured.

It may import orders and search. Neither imports it; the desk does.
"""
