"""Hostile and damaged input, made from a seed: what no file may do to its reader.

`python -m tests.fuzz` runs a campaign; ``tests/test_fuzz.py`` a short part of it.
"""
