"""Django's SQLite backend, for a file that several processes open first at the same time."""
