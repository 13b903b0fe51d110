"""What gunicorn is told beside its command line."""

# The longest that it takes: a search's cursor beside its other parameters is longer than the default.
limit_request_line = 8190
