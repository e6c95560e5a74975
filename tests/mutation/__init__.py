"""Changes of the package's code, one at a time, and whether the tests fail on them.

`python -m tests.mutation --n 150 --seed 0` draws changes of the modules that
``docs/development.md`` names, runs for each the unit tests that reach its line, and
prints the survivors and the share that was noticed.
"""
