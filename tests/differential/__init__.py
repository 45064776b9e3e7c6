"""Generated requests and policies, judged here and by @cloud-copilot/iam-simulate.

    python -m tests.differential 1000000            compares a million decisions
    python -m tests.differential 20000 --seed 7     compares others

The other judge is a package with a license of its own (AGPL). It runs as a separate process, and
nothing of it is read or copied. `npm install` in this folder installs it.

tables        the words that policies and requests are made of
generator     draws requests and policies
judge         runs the other judge
disagreements the classes of cases in which the two differ, each with the AWS page that decides
"""
