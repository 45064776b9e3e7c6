"""Attacks on the readers and the outputs, with inputs made at random.

    python -m tests.fuzz --minutes 10 [--seed 7] [--only policies]

A generator makes inputs from a seed and checks what the library makes of each. An input is named by
its generator, seed and number, so each failure can be run again by itself.
"""
