"""The commands: they parse their arguments, call one function of a lower package, and report.

`base` turns expected errors into one line and an exit code, `index_actions` has the actions of `search_index`.

May import every other package of search; nothing in search imports this one.
"""
