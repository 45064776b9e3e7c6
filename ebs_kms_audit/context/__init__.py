"""Events near a denial: EC2 calls, changes, successes, grants and symptoms.

history         EC2 calls, changes and successes around the denials of a finding
ec2_calls       the EC2 calls that can belong to a denial
key_changes     changes of keys and roles
key_states      whether the changes of the state of a key leave it unusable
key_errors      calls that failed because of the state of a key
policy_history  the key policies in the log, and the policy in force at a time
grants          the grants of a caller, and whether they existed at a denial
symptoms        failed EC2 and EBS calls as symptoms
symptom_joins   symptoms and the findings to which they belong
descriptions    denials and symptoms in describe output and EventBridge events
"""
