"""The experiments of "Compress to Create" as functions, numbers and verdicts.

`materials` holds corpora and models; `reconstruction`, `exploration`, `judges`,
`interpolation`, `sweeps`, `chimera`, `recursion`, `steering`, `voices`, `harmony`,
`imposing` and `variants` the experiments, each with the paper's claims and how they are
decided; `plan` lists the tasks; `verdicts` makes intervals and verdicts; `report` and
`findings` write. The command is `reproduce_paper.py`, one folder up.
"""
