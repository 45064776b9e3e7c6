"""What happened around a denial: EC2 calls, changes of the key, later successes."""
