"""This project beside what one would use instead: on one machine, database and engine, in turns, in one run."""
