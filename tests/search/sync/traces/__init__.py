"""The traces of what can interleave, each made to happen."""
