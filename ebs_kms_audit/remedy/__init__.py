"""Denials of one principal on one key → Fix.

fix            what a fix is
propose        which statements the evidence demands, and which the next call will need
advice         what to say beside them: notes, console steps, alternatives
limits         where no statement helps
placeholders   what stands where an ARN is not known
"""

from ebs_kms_audit.remedy.fix import Alternative, Disposition, Fix, Need, OfferedStatement
from ebs_kms_audit.remedy.limits import is_noise
from ebs_kms_audit.remedy.propose import propose

__all__ = ["Alternative", "Disposition", "Fix", "Need", "OfferedStatement", "is_noise", "propose"]
