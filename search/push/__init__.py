"""Push: bring captured changes to the index, from the request's process (sender) or from the relay.

`push_keys` (push) calls `build_actions` (actions) and `post_bulk` (bulk); `apply_results` (outbox.transitions) writes
the results. May import conf, exceptions, client, models, mapping, outbox, metrics and indices.
"""
