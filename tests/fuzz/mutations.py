"""Damage at random: bytes, tokens and blocks of a real file changed."""

import re

# Numbers that test the limits of arithmetic, allocation and loops.
_NUMBERS = [0, 1, -1, 3, 7, 127, 128, 255, 256, 999, 2**15, 2**16, 2**31 - 1, 2**31]
_NUMBERS += [2**32, 2**63, 10**20, 10**400]
_TOKEN = re.compile(rb"\d+|[A-Za-z]+|\s+|[^\w\s]")
_MOST_CHANGES = 6
_MOST_BYTES = 2**20


def mutated(data, others, rng):
    """Change a file in one to six places, mostly few.

    Parameters
    ----------
    data : bytes
        The file.
    others : list of bytes
        Files from which blocks are taken.
    rng : random.Random

    Returns
    -------
    bytes
    """
    data = bytearray(data)
    for _ in range(int(rng.triangular(1, _MOST_CHANGES + 1, 1))):
        rng.choice(_CHANGES)(data, others, rng)
    return bytes(data[:_MOST_BYTES])


def _flip(data, others, rng):
    if data:
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)


def _overwrite(data, others, rng):
    if data:
        data[rng.randrange(len(data))] = rng.choice([0, 0x7F, 0x80, 0xFF, 0x20, 0x0A])


def _delete(data, others, rng):
    place = _place(data, rng)
    del data[place : place + _length(rng)]


def _repeat(data, others, rng):
    """Write one block several times, once in ten several thousand times."""
    place = _place(data, rng)
    block = bytes(data[place : place + _length(rng)])
    n_times = rng.randint(2, 5) if rng.random() < 0.9 else rng.randint(100, 5000)
    data[place:place] = block * min(n_times, _MOST_BYTES // max(1, len(block)))


def _cut(data, others, rng):
    del data[_place(data, rng) :]


def _splice(data, others, rng):
    """Insert a block of another file at a random place."""
    other = rng.choice(others)
    start = _place(other, rng)
    place = _place(data, rng)
    data[place:place] = other[start : start + _length(rng)]


def _renumber(data, others, rng):
    """Replace a number written as text by another one."""
    numbers = list(re.finditer(rb"\d+", data))
    if numbers:
        found = rng.choice(numbers)
        data[found.start() : found.end()] = str(rng.choice(_NUMBERS)).encode()


def _swap_tokens(data, others, rng):
    tokens = list(_TOKEN.finditer(data))
    if len(tokens) > 1:
        one, other = rng.sample(tokens, 2)
        if one.start() > other.start():
            one, other = other, one
        data[other.start() : other.end()] = one[0]
        data[one.start() : one.end()] = other[0]


_CHANGES = [_flip, _overwrite, _delete, _repeat, _cut, _splice, _renumber, _swap_tokens]


def _place(data, rng):
    return rng.randrange(len(data) + 1)


def _length(rng):
    """A length of 1 to some hundred bytes, mostly few."""
    return int(2 ** rng.uniform(0, 8))
