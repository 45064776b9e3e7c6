"""What happened around a denial.

history         EC2 calls, changes and successes around the denials of a finding
ec2_calls       the EC2 calls that a denial may belong to
key_changes     changes of keys and roles
key_errors      calls that failed because of the state of a key
policy_history  the key policies in the log, and which of them was in force at a time
grants          whether a grant existed, and which grants a caller has
symptoms        failed EC2 and EBS calls as symptoms
symptom_joins   symptoms and the findings to which they belong
descriptions    what the output of describe commands and EventBridge events say
"""
