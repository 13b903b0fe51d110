"""The outbox: the database's triggers capture each change of an indexed row as an entry, until the index confirms it.

triggers, capture, introspection and relations write and install the triggers; entries, transitions, outcomes, backoff
and dead_letters are the life of an entry afterwards. May import conf, exceptions, models and mapping.
"""
