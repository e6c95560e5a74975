"""Hostile and damaged input, made from a seed: a reader must survive it.

`python -m tests.fuzz` runs a campaign; ``tests/test_fuzz.py`` a short part of it.
"""
