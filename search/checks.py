"""System checks: what of a document or a database would let the index be wrong."""
