"""The policy allows the call now: it was changed since the denial."""

from __future__ import annotations

from tests.incidents import CLOUDTRAIL, INVESTIGATE, TROUBLESHOOT, Incident, denied
from tests.incidents.documents import LATER, NAMED, PUT
from tests.incidents.wording import ALLOWED, BY_USE, RESOURCE, Wording, says

INCIDENTS = [
    Incident(
        name="the policy allows it, and the log shows a later PutKeyPolicy of the key",
        source=CLOUDTRAIL,
        records=[denied("Decrypt"), PUT],
        options=NAMED,
        cause="fixed_since",
        evidence="derived",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
        wording=Wording(
            text="deploy was denied kms:Decrypt, but the latest known key policy allows it: the "
            "policy was changed since.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                ALLOWED,
                "The given policy is not in the log. It is assumed to be newer than the log.",
                BY_USE,
                "Event put: PutKeyPolicy after the denial.",
            ),
        ),
    ),
    Incident(
        name="the policy allows it, and the same call succeeded later",
        source=CLOUDTRAIL,
        records=[denied("Decrypt"), LATER],
        options=NAMED,
        cause="fixed_since",
        evidence="derived",
        policy_type="resource-based policy",
        steps=[INVESTIGATE],
        wording=Wording(
            text="deploy was denied kms:Decrypt, but the latest known key policy allows it: the "
            "policy was changed since.",
            support=(
                says("Decrypt of deploy", RESOURCE),
                ALLOWED,
                BY_USE,
                "Event later: Decrypt by the same caller succeeded after it was last denied.",
            ),
        ),
    ),
    Incident(
        name="the policy was changed since, and the record has no message",
        source=CLOUDTRAIL,
        records=[denied("Decrypt", None), PUT],
        options=NAMED,
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message blames IAM, and the policy that was changed since names the caller",
        source=CLOUDTRAIL,
        records=[denied("Decrypt", "identity"), PUT],
        options=NAMED,
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
    Incident(
        name="the message names a Deny in the key policy, which was removed since",
        source=TROUBLESHOOT,
        records=[denied("Decrypt", "deny resource"), PUT],
        options=NAMED,
        cause="fixed_since",
        evidence="derived",
        steps=[INVESTIGATE],
    ),
]
