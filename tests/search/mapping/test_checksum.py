"""The checksum: within its range, and different for different versions."""

from hashlib import md5
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from search.mapping.checksum import PRIME, checksum, key_number


def test_a_known_value():
    assert checksum(1, 1) == 40_504**2 % PRIME


def test_a_key_that_is_not_an_integer_has_a_number_of_28_bits():
    assert key_number(UUID(int=1)) == int(md5(b"00000000-0000-0000-0000-000000000001").hexdigest()[:7], 16)


@given(st.integers(1, 10**9), st.integers(1, 2**53), st.integers(1, 10**6))
def test_another_version_is_another_checksum_but_by_rare_chance(pk, version, more):
    x = (pk % PRIME * 40_503 + version % PRIME) % PRIME
    y = (x + more) % PRIME
    assert (checksum(pk, version) == checksum(pk, version + more)) == ((x + y) % PRIME == 0 or x == y)


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**53))
def test_it_stays_in_its_range(pk, version):
    assert 0 <= checksum(pk, version) < PRIME
