"""Benchmarks of speed and memory beside other libraries; not part of the test run.

    python -m tests.benchmarks [NAME ...] [--out docs/benchmarks.md] [--render]

Each module ``bench_NAME`` answers one question and has

- ``TITLE``: the heading of its section;
- ``measure(options)``: a generator of records, one for each case as soon as it is
  measured: a dict that JSON can hold, with ``"case"``, a str, in it;
- ``report(records)``: the section in Markdown, of all records;
- ``add_options(parser)``, if it has options of its own.

Records are written to a file as they come; the last of each case counts. So an
interrupted run loses nothing, and ``--render`` writes the page again without measuring.
"""
