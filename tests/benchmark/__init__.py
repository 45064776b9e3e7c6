"""Measures the library against what else reads such files: `python -m tests.benchmark --help`.

generate      exports and trail logs of any size, the same from run to run, with known answers
contestants   who takes part, and what each must have
work          each at work, in a process of its own: it counts the denied KMS events of a file
measure       runs them in turns: wall time, CPU time, memory, and whether the answer is right
table         what was measured, for the terminal and as Markdown
"""
