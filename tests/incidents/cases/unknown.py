"""The key's state, or nothing that the input shows."""

from __future__ import annotations

from tests import rows
from tests.incidents import (
    ADMINS,
    AUTO_SCALING,
    CLOUDTRAIL,
    DELEGATES,
    EXTERNAL,
    KEY_ARN,
    KEY_POLICY,
    KEY_STATE,
    KEY_STATES,
    LOGIC,
    OTHER_KEY,
    SCALING,
    TROUBLESHOOT,
    USER,
    VISITOR,
    Incident,
    denied,
    event,
    key_policy,
    of_key,
)
from tests.incidents.documents import untyped
from tests.incidents.wording import GET_POLICY, GET_RECORDS, GET_STATE, Wording

INCIDENTS = [
    # --- key_unusable
    Incident(
        name="no message, and the same key was disabled at that time",
        source=KEY_STATES,
        records=[
            denied("Decrypt", None),
            event(
                "GenerateDataKey",
                USER,
                errorCode="DisabledException",
                errorMessage=f"{KEY_ARN} is disabled.",
                **of_key(),
            ),
        ],
        cause="key_unusable",
        evidence="inferred",
        steps=[KEY_STATE],
        wording=Wording(
            text=f"The key ({KEY_ARN}) was disabled, pending deletion or pending import when "
            f"deploy was denied kms:Decrypt.",
            support=(
                "Event GenerateDataKey of alice: GenerateDataKey failed with DisabledException on "
                "the same key.",
            ),
            commands=(GET_STATE, GET_RECORDS),
        ),
    ),
    # --- unknown
    Incident(
        name="another key was disabled",
        source=KEY_STATES,
        records=[
            denied("Decrypt", None),
            event(
                "GenerateDataKey",
                USER,
                errorCode="DisabledException",
                errorMessage=f"{OTHER_KEY} is disabled.",
                **of_key(OTHER_KEY),
            ),
        ],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY, KEY_STATE],
    ),
    Incident(
        name="the CSV alone",
        source=CLOUDTRAIL,
        rows=[rows.row()],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
        wording=Wording(
            text="The input does not show which policy denied the calls: the key policy, an IAM "
            "policy, an SCP, an RCP, a permissions boundary, or a Deny in one of them.",
            support=("Denied: event event-0.",),
            commands=(
                GET_RECORDS,
                GET_POLICY.replace(KEY_ARN, "KEY_ARN"),
                GET_STATE.replace(KEY_ARN, "KEY_ARN"),
            ),
        ),
    ),
    Incident(
        name="KMS's answer for a key that the caller may not learn about",
        source=TROUBLESHOOT,
        records=[denied("DescribeKey", "not found")],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
        wording=Wording(
            text="The message leaves open why deploy was denied kms:DescribeKey: the key is in "
            "another Region or account, the key policy does not allow the call, or a Deny in it "
            "matches.",
            support=("The error message of event DescribeKey of deploy names no type of policy.",),
            commands=(GET_RECORDS, GET_POLICY, GET_STATE),
        ),
    ),
    Incident(
        name="of several policies without a key nobody knows which is the key's",
        source=LOGIC,
        records=[denied("Decrypt", None)],
        options={"key_policies": [key_policy(DELEGATES), key_policy(ADMINS)]},
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
        wording=Wording(
            text="The key policy that was given does not show why deploy was denied kms:Decrypt: "
            "the result depends on identity_policies.",
            support=("Denied: event Decrypt of deploy.",),
            commands=(GET_RECORDS, GET_POLICY, GET_STATE),
        ),
    ),
    Incident(
        name="a caller of another account, and neither message nor policy",
        source=EXTERNAL,
        records=[denied("Decrypt", None, VISITOR)],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="a caller of another account, a message without a reason, and no policy",
        source=EXTERNAL,
        records=[untyped("Decrypt", VISITOR)],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
    ),
    Incident(
        name="Auto Scaling of the key's account needs no grant",
        source=SCALING,
        records=[denied("Decrypt", None, AUTO_SCALING)],
        cause="unknown",
        evidence="unknown",
        steps=[KEY_POLICY],
    ),
]
