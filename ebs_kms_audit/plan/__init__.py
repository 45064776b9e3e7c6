"""Findings → the plan: one step for each document to change, with everything to do it.

change           a change of a policy, and its proof
step             what a step is
routing          which kinds of step each denied call needs, by its cause
key_group        the denials of one key
planner          the steps, in the order in which to do them

needs            which statements the denied calls need
bindings         which given policy is the policy of which key
repairs          near misses and conditions, repaired in place
merge            statements into a policy: the smallest change
principal_index  a policy reduced to what can name one principal
proof            what the changed policy allows that the old one did not
doubts           doubts on the caller, the key and the cause of a step
safety           doubts on the change of a known policy: what is missing for `safe`
key_policy       the step that changes a key policy
iam_policy, service_role_grant, key_state, investigate
                 the other steps
left_out         callers that cannot be named yet
console          the way through the AWS console, and what to do afterwards
commands         apply, verify and undo as shell commands
export           the statements as Terraform and as CloudFormation
scripts, folder  the plan as a folder: documents and scripts for each step
placeholders     fixed texts where an ARN is unknown
"""

from ebs_kms_audit.plan.key_group import PlanOptions
from ebs_kms_audit.plan.needs import Need, WantedStatement
from ebs_kms_audit.plan.planner import plan_for, with_steps
from ebs_kms_audit.plan.step import Commands, Disposition, LeftOut, Step, StepKind

__all__ = [
    "Commands",
    "Disposition",
    "LeftOut",
    "Need",
    "PlanOptions",
    "Step",
    "StepKind",
    "WantedStatement",
    "plan_for",
    "with_steps",
]
