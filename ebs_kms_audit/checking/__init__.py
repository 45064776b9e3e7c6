"""Before a failure: what is wrong in a key policy, and what it will not let EBS do.

json_text    JSON with the place of each value in the text
templates    CloudFormation templates and Terraform plans → the key policies in them
policy_file  a file → its key policies, each with its places
lint_files   files → lint findings with line and column
"""
