"""Compares the library with other readers of such files: `python -m tests.benchmark --help`.

callers       the callers of a generated account
events        the events of a generated input, by mix
records       events as rows of an export and as records of a trail
generate      exports and trail logs of any size, the same in each run, with known answers
contestants   the readers to compare, and what each needs
work          the work of each, in a process of its own: it counts the denied KMS events of a file
measure       one run: wall time, CPU time, memory and answer
results       all runs by input and contestant, kept in a file
growth        CPU time for n and 4n of what an input has
targets       the required times and memory
table         Markdown tables
"""
