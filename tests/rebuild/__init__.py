"""Rebuilds with a changed mapping while orders keep coming, on real servers."""
