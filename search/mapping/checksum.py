"""The checksum of a row's key and version, which a comparison sums over a range of rows and of documents.

Elasticsearch sums in doubles, which are exact below 2^53. A checksum is below 2^31, so the sum of 4 million is exact.
PostgreSQL, SQLite and Python compute the same number.
"""

from hashlib import md5

PRIME = 2_147_483_647


def key_number(pk: object) -> int:
    """Return an integer key unchanged, and for any other key the first 28 bits of its text's MD5 (not for security)."""
    if isinstance(pk, int):
        return pk
    return int(md5(str(pk).encode(), usedforsecurity=False).hexdigest()[:7], 16)


def checksum(pk: object, version: int) -> int:
    """Return the checksum of a row, from 0 to PRIME - 1."""
    x = ((key_number(pk) % PRIME) * 40_503 + version % PRIME) % PRIME
    return x * x % PRIME
