"""An exhaustive model of the protocol, which visits every interleaving of a few writes, pushes and faults."""
