"""Before a failure: what is wrong in a key policy, and what it will not let EBS do.

json_text    JSON with the place of each value in the text
templates    CloudFormation templates and Terraform plans → the key policies in them
policy_file  a file → its key policies, each with its places
lint_files   files → lint findings with line and column

callers      who uses the key: an ARN, or the name of a documented role
calls        an EC2 operation → the KMS calls that it makes
check        key policies and callers → each call allowed, denied or undecided
reason       why, in one sentence
other_policies
             IAM policies, boundary, session policy, SCPs and RCPs
outcome, result
             the values of the answer

against      a log and a planned key policy → what the policy does to past calls
history      events → the calls on one key
replay       each past call judged by the planned policy and by the one in force
"""
