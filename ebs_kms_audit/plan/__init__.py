"""Denials of one principal on one key → Fix.

fix            what a fix is
propose        which statements the evidence demands, and which the next call will need
advice         what to say beside them: notes, console steps, alternatives
merge          the statements into a policy: the smallest change
proof          what the changed policy allows that the old one did not
apply          the fix on a policy: new document, diff, patch, proof, safe or review
message_notes  what the error messages mean
verdict_notes  what the verdicts on the policy given mean
export         the fix as commands, as Terraform and as CloudFormation
limits         where no statement helps
placeholders   what stands where an ARN is not known
"""

from ebs_kms_audit.diagnosis.limits import is_noise
from ebs_kms_audit.plan.fix import Alternative, Fix, Need, OfferedStatement
from ebs_kms_audit.plan.propose import propose
from ebs_kms_audit.plan.step import Disposition

__all__ = [
    "Alternative",
    "Disposition",
    "Fix",
    "Need",
    "OfferedStatement",
    "is_noise",
    "propose",
]
