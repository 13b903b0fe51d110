"""This project compared with its alternatives: on one machine, database and engine, in turns, in one run."""
