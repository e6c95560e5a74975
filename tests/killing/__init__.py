"""Jobs killed at random moments: nothing is lost or left over, and work resumes.

A life is a job in its own folder: its process is ended with SIGKILL several times and
started again, the last time until it ends. Any difference from a job that was not
killed counts as a fault, as does half a file, or anything lost or left over.
`python -m tests.killing` runs a campaign, ``tests/test_killing.py`` one life.
"""
