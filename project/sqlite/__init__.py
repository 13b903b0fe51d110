"""Django's SQLite backend, for a new file that several processes open at the same time."""
