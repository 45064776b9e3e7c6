"""Causes: why the calls of a finding were denied. Each has a page and the sentences of a report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ebs_kms_audit.explain.entry import Entry, EntryKind


def _cause(id: str, title: str, sentence: str, meaning: str, remedy: str) -> Entry:
    return Entry(
        kind=EntryKind.CAUSE, id=id, title=title, sentence=sentence, meaning=meaning, remedy=remedy
    )


ENTRIES = (
    _cause(
        "harmless_probe",
        "An AWS service checks every key",
        "An AWS service ({service}) checks every key in the account, and the denial is harmless.",
        "AWS Config, IAM Access Analyzer and similar services ask every key for its description "
        "and its policy. A key that does not name the service denies the request. No volume "
        "depends on it.",
        "Nothing. To let the service read the key, add its service-linked role to the key "
        "administrators: choose the key in the KMS console, then Key policy.",
    ),
    _cause(
        "infrastructure",
        "EC2 itself was denied: a grant, a Deny or an SCP decides",
        "aws:ec2-infrastructure, which EC2 uses for the instance, was denied {actions}: its grant "
        "is missing or retired, or a Deny or an SCP applies to it.",
        "When EC2 attaches an encrypted volume, the caller makes a grant for the instance, and "
        "EC2 decrypts the volume's data key as aws:ec2-infrastructure. That identity has no "
        "policies and works through the grant alone. A Deny in the key policy and an SCP apply "
        "to it. A Deny on aws:SourceIp, aws:VpcSourceIp, aws:SourceVpc or aws:SourceVpce must "
        "exempt it. A key policy never names it as a principal. Source: EBS User Guide, "
        "Requirements for Amazon EBS encryption.",
        "List the grants of the key (aws kms list-grants --key-id KEY_ARN). If there is no grant "
        "for the volume, detach it and attach it again.",
    ),
    _cause(
        "not_grantable",
        "No key policy can allow the action",
        "No key policy can allow {actions}: only an IAM policy of {caller} can.",
        "CreateKey, ListKeys, ListAliases, GenerateRandom and the custom key store actions apply "
        "to no single key, so IAM policies alone allow them. RetireGrant is decided by the grant. "
        "Administrative actions do not work on a key of another account, whatever its policy "
        "says. Source: AWS KMS Developer Guide, AWS KMS permissions.",
        "Allow the action in an IAM policy of the caller, or make the call as a principal of the "
        "key's own account. Attaching a volume needs none of these actions.",
    ),
    _cause(
        "aws_managed_key",
        "The key is an AWS managed key",
        "The key is an AWS managed key ({key}), and nobody can edit its policy.",
        "The policy of an AWS managed key (alias/aws/ebs) allows every principal of its own "
        "account that calls through the service and has IAM permission for it. It allows nobody "
        "of another account, and AWS alone can change it. Source: AWS KMS Developer Guide, AWS "
        "managed keys.",
        "Copy the snapshot under a customer managed key: aws ec2 copy-snapshot --encrypted "
        "--kms-key-id KEY_ARN. The default key of the account may not be the key that you "
        "expect: aws ec2 get-ebs-default-kms-key-id.",
    ),
    _cause(
        "other_policy",
        "Another policy denied the call",
        "A {policy_type} denied {caller} {actions}, so no change of the key policy can help.",
        "Service control policies, resource control policies, permissions boundaries, session "
        "policies and VPC endpoint policies limit what key policy and IAM policies allow. An SCP "
        "that does not allow an action is reported as an explicit deny. Source: IAM User Guide, "
        "Troubleshoot access denied error messages.",
        "Find the policy: the report names its type, and its ARN where the message shows it. "
        "Allow the action there, or remove the Deny. An SCP or RCP is changed in the management "
        "account of the organization: AWS Organizations console, Policies.",
    ),
    _cause(
        "fixed_since",
        "The policy was changed after the denial",
        "{caller} was denied {actions}, but the latest known key policy allows it: the policy "
        "was changed since.",
        "The denial is older than the change of the key policy, or the same call succeeded "
        "later. The present key policy allows the call.",
        "Try again: start the instance or attach the volume. If it fails, export the events of "
        "that time from CloudTrail and run the audit on them.",
    ),
    _cause(
        "other_key",
        "The policy that was given is another key's",
        "The key policy that was given is not the policy of the denied key ({key}).",
        "The policy was given for another key's ARN. Or nothing binds the policy to a key, and "
        "it allows a call that KMS denied. A frequent reason: the account's default EBS key, the "
        "key of a snapshot or the key of an AMI is another key than the one with the edited "
        "policy.",
        "Get the policy of the denied key (aws kms get-key-policy --key-id KEY_ARN --policy-name "
        "default) and give it as --key-policy KEY_ARN=FILE. Look up the default key: aws ec2 "
        "get-ebs-default-kms-key-id.",
    ),
    _cause(
        "explicit_deny",
        "A Deny statement denied the call",
        "A Deny{where} denied {caller} {actions}, and a Deny wins over every Allow.",
        "A Deny in the key policy or in an IAM policy of the caller covers the call. It may be "
        "intended: a fence around a network, an organization or a role. A call that EC2 makes "
        "for the caller does not come from the caller's network. Source: IAM User Guide, Policy "
        "evaluation logic.",
        "Read the statement. If it is not meant for this caller, exempt the caller in its "
        "Condition, for example with aws:ViaAWSService or aws:PrincipalArn, and run the audit "
        "again with the new policy.",
    ),
    _cause(
        "direct_grant_call",
        "A grant operation was called directly",
        "{caller} called {actions} directly, and the grants statement allows it only to AWS "
        "services (kms:GrantIsForAWSResource).",
        'The statement "Allow attachment of persistent resources" has the condition '
        "kms:GrantIsForAWSResource. It is true only if an AWS service such as EC2 makes the call "
        "for the caller. Source: AWS KMS Developer Guide, AWS KMS condition keys.",
        "Attach the volume instead of calling create-grant. If a person or a tool must make "
        "grants, the owner of the key can allow kms:CreateGrant for one grantee with "
        "kms:GranteePrincipal: review it first.",
    ),
    _cause(
        "condition_not_met",
        "A statement names the caller, but its condition is not met",
        "Statement {statement} names {caller}, but its condition is not met: {test} requires "
        "{required}, and the request has {actual}.",
        "The statement covers the caller, the action and the key. A line of its Condition does "
        "not hold for this request. Frequent reasons: kms:ViaService with another Region or with "
        "a placeholder, aws:SourceIp on calls that EC2 makes, an encryption context of a "
        "snapshot, and kms:GrantIsForAWSResource over usage actions, which never carry that key.",
        "Repair the condition, if the owner of the key agrees. The report names the value: "
        "ebs-kms-audit FILES --key-policy KEY_ARN=FILE.",
    ),
    _cause(
        "conflicting_evidence",
        "The message and the policy contradict each other",
        "KMS denied {caller} {actions}, but the key policy that was given allows it.",
        "The error message and the policy cannot both be about the same moment and the same key, "
        "as far as AWS documents the messages. Very likely the policy was changed since, or it "
        "is another key's. One real case was cured through IAM although the message named the "
        "resource-based policy.",
        "Get the present policy of the denied key (aws kms get-key-policy --key-id KEY_ARN "
        "--policy-name default), compare it, and run the audit again with it.",
    ),
    _cause(
        "cross_account_half_missing",
        "One half of the permission for a key of another account is missing",
        "{caller} and the key are in different accounts, and {missing}.",
        "A call on a key of another account needs two permissions: the key policy must allow the "
        "caller or the caller's account, and an IAM policy of the caller must allow the action "
        "on the key's ARN. A service-linked role takes no IAM policy: a principal of its account "
        "makes a grant for it. Source: AWS KMS Developer Guide, Allowing users in other accounts "
        "to use a KMS key; EC2 Auto Scaling User Guide, Required KMS key policy for use with "
        "encrypted volumes.",
        "Add the half that the report names, in the account that it names: ebs-kms-audit FILES "
        "--plan DIR writes one folder for each account.",
    ),
    _cause(
        "no_statement",
        "No statement in the key policy allows the call",
        "No statement in the key policy allows {caller} to call {actions}.",
        "The key policy names neither the caller nor the caller's account for this action. An "
        "IAM policy alone cannot help. A service-linked role of EC2 Auto Scaling, Spot or EC2 "
        "Fleet has no KMS permission of its own, so a statement for the account does not help "
        "it either. Source: AWS KMS Developer Guide, Default key policy.",
        "Add the caller to the key policy: ebs-kms-audit FILES --plan DIR, or in the KMS console "
        "under Key users.",
    ),
    _cause(
        "iam_policy_missing",
        "No IAM policy of the caller allows the action",
        "The key policy leaves {actions} to IAM policies, and no IAM policy of {caller} allows the "
        "call.",
        "The key policy names the account (:root), so IAM policies of the account decide, and "
        "none of the caller's allows the action. Naming the caller in the key policy is enough "
        "as well. Source: AWS KMS Developer Guide, Default key policy.",
        "Add the caller to the key policy under Key users in the KMS console, or attach an IAM "
        "policy that allows the action on the key's ARN.",
    ),
    _cause(
        "key_unusable",
        "The key could not be used at that time",
        "The key ({key}) was disabled, pending deletion or pending import when {caller} was "
        "denied {actions}.",
        "Neither the message nor a policy explains the denial, and other calls on the same key "
        "failed at that time because of the state of the key. Source: AWS KMS Developer Guide, "
        "Key states of AWS KMS keys.",
        "Look up the state: aws kms describe-key --key-id KEY_ARN. Enable the key, or cancel its "
        "deletion.",
    ),
    _cause(
        "unknown",
        "The input does not show the reason",
        "The input does not show which policy denied the calls: the key policy, an IAM policy, an "
        "SCP, an RCP, a permissions boundary, or a Deny in one of them.",
        "The console's CSV holds no error message, so it does not show which policy denied the "
        "call.",
        "Get the records of the same search: choose Download JSON in CloudTrail Event history. "
        "Get the key policy: aws kms get-key-policy --key-id KEY_ARN --policy-name default. Run "
        "the audit again with both.",
    ),
)

VARIANTS: Mapping[tuple[str, str], str] = {
    ("not_grantable", "grant"): (
        "The grant decides who can retire it, not a key policy, and it does not name {caller}."
    ),
    ("not_grantable", "across_accounts"): (
        "{actions} cannot be called on a key of another account, whatever the key policy says."
    ),
    ("aws_managed_key", "across_accounts"): (
        "The key is an AWS managed key ({key}), and no other account can use it."
    ),
    ("other_key", "by_arn"): (
        "The key policy that was given is for another key's ARN, not for the denied key ({key})."
    ),
    ("other_key", "account"): (
        "The key policy that was given is very likely another key's: it can be changed only in "
        "another account than that of the denied key ({key})."
    ),
    ("other_key", "allows"): (
        "The key policy that was given is very likely another key's: it allows {caller} to call "
        "{actions}, which KMS denied on the key {key}."
    ),
    ("condition_not_met", "absent"): (
        "Statement {statement} names {caller}, but its condition is not met: {test} requires "
        "{required}, and a request for {actions} does not have that condition key."
    ),
    ("condition_not_met", "unknown"): (
        "Statement {statement} names {caller}, but its condition was very likely not met: {test} "
        "requires {required}."
    ),
    ("conflicting_evidence", "delegates"): (
        "The message says that no statement of the key policy allows {caller} to call {actions}, "
        "but the policy that was given leaves it to IAM policies: very likely the policy was "
        "changed since, or is another key's."
    ),
    ("conflicting_evidence", "does_not_delegate"): (
        "The message says that an IAM policy is missing, but the key policy that was given does "
        "not leave {actions} to IAM policies: very likely the policy was changed since, or is "
        "another key's."
    ),
    ("no_statement", "service_linked"): (
        "No statement in the key policy allows {caller} to call {actions}, and a statement for "
        "the account does not help this service-linked role."
    ),
    ("infrastructure", "limited"): (
        "aws:ec2-infrastructure, which EC2 uses for the instance, was denied {actions} by a "
        "{policy_type}, whatever its grant allows."
    ),
    ("conflicting_evidence", "allow_together"): (
        "KMS denied {caller} {actions}, but the key policy and the IAM policies that were given "
        "allow it together."
    ),
    ("iam_policy_missing", "service_linked"): (
        "The key policy leaves {actions} to the permissions of {caller}, and the AWS managed "
        "policy of this service-linked role does not allow it."
    ),
    ("unknown", "not_found"): (
        "The message leaves open why {caller} was denied {actions}: the key is in another Region "
        "or account, the key policy does not allow the call, or a Deny in it matches."
    ),
    ("unknown", "open"): (
        "The key policy that was given does not show why {caller} was denied {actions}: the result "
        "depends on {depends_on}."
    ),
}
"""Other sentences of a cause, by cause and variant."""

MISSING = {
    "key_policy": "the key policy allows neither the caller nor the caller's account",
    "iam_policy": "no IAM policy of the caller allows the action",
    "key_policy for a grant": "the key policy lets nobody of the caller's account create a grant",
    "grant": "the service-linked role has no grant on the key",
}
"""The missing halves of a call across accounts, as parts of a sentence."""

CONTRADICTIONS = {
    "policy_allows": "The key policy that was given allows the call.",
    "policies_allow": "The key policy and the IAM policies that were given allow the call.",
    "latest_policy_allows": (
        "The key policy was changed after the call. The latest one allows the call, and needs no "
        "change."
    ),
    "policy_delegates": (
        "The key policy that was given names the caller's account, so an IAM policy could allow "
        "the call."
    ),
    "policy_names_nobody": (
        "The key policy that was given names neither the caller nor the caller's account."
    ),
    "no_deny_in_policy": "The key policy that was given has no Deny that can cover the call.",
    "message_names_no_deny": "The error message names no explicit deny.",
    "message_blames_iam": "The error message says that an IAM policy is missing.",
}
"""What speaks against a cause, one sentence each."""


class Words(Protocol):
    """The words of a sentence, by their names in it."""

    def __getitem__(self, name: str, /) -> str:
        """Return a word."""


def sentence(id: str, variant: str, words: Words) -> str:
    """Return the sentence of a cause for the present input. Only the words that it has are made."""
    template = VARIANTS.get((id, variant)) or _BY_ID[id].sentence
    return template.format_map(words)


_BY_ID = {entry.id: entry for entry in ENTRIES}
