"""Jobs killed at random moments: nothing is lost, nothing left over, all goes on.

A life is a job in a folder of its own: its process is ended with SIGKILL several times
and started again, the last time until it comes to its end. Whatever differs then from a
job that nobody killed counts as a fault, as does half a file, or something lost or left
over. `python -m tests.killing` runs a campaign, ``tests/test_killing.py`` one life.
"""
