"""An exhaustive model of the protocol: every interleaving of a few writes, pushes and faults is walked."""
