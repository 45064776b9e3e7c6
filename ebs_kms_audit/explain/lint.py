"""Lint findings: what is wrong or doubtful in a key policy, with an example and the repair."""

from __future__ import annotations

from ebs_kms_audit.explain.entry import Entry, EntryKind

_AGAIN = "Then run again: ebs-kms-audit lint FILE"


def _lint(id: str, title: str, why: str, example: str, repair: str) -> Entry:
    return Entry(
        kind=EntryKind.LINT,
        id=id,
        title=title,
        meaning=why,
        example=example,
        remedy=f"{repair} {_AGAIN}",
    )


_DOCUMENT = (
    _lint(
        "too_large",
        "The document is larger than 32,768 bytes",
        "KMS rejects a larger key policy. Some tools put the document without spaces, others "
        "with an indent of two spaces, so both forms must fit.",
        '"AWS": ["arn:aws:iam::111122223333:role/app-1", ... 600 more]',
        "Name an account or a role that the callers share, or allow roles by a condition on "
        "aws:PrincipalArn.",
    ),
    _lint(
        "invalid_character",
        "The document has a character that KMS does not accept",
        "A key policy can have tab, line feed, carriage return and the characters from space to "
        "U+00FF. Text editors often put a typographic dash or quote into a Sid.",
        '"Sid": "Allow use – team A"',
        "Write the character in ASCII.",
    ),
    _lint(
        "number_out_of_range",
        "A number is too large, or is not a JSON number",
        "NaN and Infinity are not JSON, and readers do not agree on the value of 1e999. What the "
        "condition means is not certain.",
        '"NumericLessThan": {"aws:MultiFactorAuthAge": 1e999}',
        "Write a number that a 64-bit float can hold.",
    ),
    _lint(
        "repeated_member",
        "One object has the same member twice",
        "JSON readers do not agree which of the two counts. A statement can mean one thing to a "
        "reviewer and another thing to KMS.",
        '{"Effect": "Deny", "Effect": "Allow", ...}',
        "Remove one of the two, or make two statements.",
    ),
    _lint(
        "invalid_version",
        "The Version is not a version of the policy language",
        "The versions are 2012-10-17 and 2008-10-17. KMS rejects any other.",
        '"Version": "2026-05-18"',
        'Write "Version": "2012-10-17".',
    ),
    _lint(
        "variables_are_text",
        "A policy variable is plain text in this Version",
        "Policy variables such as ${aws:username} exist from Version 2012-10-17 on. In an older "
        "document, or without Version, they are compared letter by letter and never match.",
        '{"Statement": [{"Condition":\n {"StringLike": {"aws:userid": "${aws:username}"}}, ...}]}',
        'Write "Version": "2012-10-17".',
    ),
    _lint(
        "invalid_value",
        "An element has a value of the wrong type",
        "KMS rejects the document, or ignores the statement.",
        '"Effect": "allow"',
        "Write the element as the message says.",
    ),
    _lint(
        "missing_element",
        "A statement lacks a required element",
        "A statement of a key policy needs Effect, Principal, Action and Resource. KMS rejects a "
        "statement without Principal. Without Action or Resource a statement has no effect.",
        '{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}',
        'Add the element. In a key policy, Resource is always "*": this key.',
    ),
    _lint(
        "empty_element",
        "An element is empty",
        "A statement without actions, resources or principals covers nothing.",
        '"Principal": {"AWS": []}',
        "Add an entry, or remove the statement.",
    ),
    _lint(
        "conflicting_elements",
        "A statement has an element and its opposite",
        "A statement can have Action or NotAction, Principal or NotPrincipal, Resource or "
        "NotResource, but not both.",
        '{"Action": "kms:Decrypt", "NotAction": "kms:PutKeyPolicy", ...}',
        "Remove one of the two.",
    ),
    _lint(
        "unknown_element",
        "An element does not exist in the policy language",
        "The elements of a statement are Sid, Effect, Principal, NotPrincipal, Action, NotAction, "
        "Resource, NotResource and Condition.",
        '"Actions": ["kms:Decrypt"]',
        "Correct the spelling.",
    ),
    _lint(
        "repeated_sid",
        "Several statements have the same Sid",
        "The Terraform provider rejects a policy document with a repeated Sid, and a report that "
        "names the Sid does not say which statement it means.",
        '"Sid": "Allow use of the key" (twice)',
        "Give each statement its own Sid.",
    ),
    _lint(
        "lockout",
        "Nobody can change the policy again",
        "No statement lets a lasting principal of the key's account call kms:PutKeyPolicy. Then "
        "only AWS Support can make the key manageable again. A session is not lasting: its name "
        "ends with it. A principal of another account cannot call kms:PutKeyPolicy.",
        '{"Statement": [\n {"Principal": {"AWS": "...:user/alice"}, "Action": "kms:Decrypt"}]}',
        'Add the statement "Enable IAM User Permissions": kms:* for arn:aws:iam::ACCOUNT:root.',
    ),
)

_PRINCIPALS = (
    _lint(
        "invalid_principal",
        "A principal that KMS does not accept",
        "One invalid principal makes KMS reject the whole document (MalformedPolicyDocument"
        "Exception). Groups, wildcards within a name, aliases and unknown principal types are "
        "invalid.",
        '"Principal": {"AWS": "arn:aws:iam::111122223333:group/admins"}',
        "Name a user, a role, an account, or an AWS service under Service.",
    ),
    _lint(
        "deleted_principal",
        "The unique id of a deleted user or role",
        "KMS stores the unique id of a principal. When the principal is deleted, the policy shows "
        "the id (AIDA…, AROA…). A new principal with the same name is not covered, and KMS "
        "rejects a document that has the id.",
        '"Principal": {"AWS": "AROACKCEVSQ6C2EXAMPLE"}',
        "Replace the id by the ARN of the present user or role, or remove it.",
    ),
    _lint(
        "other_partition",
        "A principal of another partition",
        "Access cannot be delegated between partitions (aws, aws-cn, aws-us-gov). KMS rejects the "
        "document.",
        '"AWS": "arn:aws:iam::111122223333:root" on a key in us-gov-west-1',
        "Write the ARN with the partition of the key; in Terraform use aws_partition.",
    ),
    _lint(
        "allow_with_not_principal",
        "An Allow with NotPrincipal",
        "It allows everyone else, also anonymous callers and every other account.",
        '{"Effect": "Allow", "NotPrincipal": {"AWS": "...:user/alice"}, ...}',
        "Name the principals that you mean under Principal, and deny the others.",
    ),
    _lint(
        "open_to_everyone",
        "Everyone in every account is allowed",
        'With Principal "*", only conditions restrict who can call. None of the conditions of '
        "this statement does: kms:ViaService alone lets every AWS account use the key through "
        "the service.",
        '{"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", ...}',
        "Name the principals, or add a condition on kms:CallerAccount, aws:PrincipalOrgID or "
        "aws:PrincipalArn.",
    ),
    _lint(
        "session_principal",
        "A principal is one session",
        "The ARN arn:aws:sts::…:assumed-role/NAME/SESSION covers sessions with exactly this name. "
        "The next session usually has another name and is denied.",
        '"AWS": "arn:aws:sts::111122223333:assumed-role/deploy/i-0f1e2d3c4b5a69788"',
        "Name the role: arn:aws:iam::ACCOUNT:role/NAME, with its path.",
    ),
    _lint(
        "all_actions",
        "One principal is allowed every action",
        "kms:* includes deleting the key and changing its policy. Users of an encrypted volume "
        "need the usage and the grants statement only.",
        '{"Principal": {"AWS": "...:role/app"}, "Action": "kms:*", ...}',
        "Replace it by the two statements: ebs-kms-audit explain usage, and explain grants.",
    ),
    _lint(
        "role_must_exist",
        "A service-linked role must exist before the policy is put",
        "KMS rejects a document that names a role which does not exist. A new account has no "
        "service-linked role of Auto Scaling until its first use.",
        '"AWS": "arn:aws:iam::111122223333:role/aws-service-role/\n'
        'autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"',
        "Create it first: aws iam create-service-linked-role --aws-service-name "
        "autoscaling.amazonaws.com.",
    ),
    _lint(
        "service_role_without_path",
        "The ARN of a service-linked role lacks its path",
        "The path is part of the ARN. Without it the ARN names another role, which usually does "
        "not exist, and KMS rejects the document.",
        '"AWS": "arn:aws:iam::111122223333:role/AWSServiceRoleForAutoScaling"',
        "Write role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling.",
    ),
    _lint(
        "service_calls_as_role",
        "A service is named that calls KMS as its service-linked role",
        "Auto Scaling, Spot and EC2 Fleet use the key as their service-linked role, so a Service "
        "principal has no effect, and the launch of instances with encrypted volumes is denied.",
        '"Principal": {"Service": "autoscaling.amazonaws.com"}',
        "Name the service-linked role under AWS, with its path.",
    ),
)

_STATEMENTS = (
    _lint(
        "action_without_service",
        "An action has no service prefix",
        "Actions are written SERVICE:ACTION. KMS rejects the document.",
        '"Action": "Decrypt"',
        "Write kms:Decrypt.",
    ),
    _lint(
        "unknown_action",
        "An entry matches no KMS action",
        "The entry has no effect. kms:ReEncrypt is not an action: a ReEncrypt call needs "
        "kms:ReEncryptFrom and kms:ReEncryptTo. A new KMS action may be unknown to this version.",
        '"Action": "kms:ReEncrypt"',
        "Correct the spelling; for re-encryption write kms:ReEncrypt*.",
    ),
    _lint(
        "alias_as_resource",
        "An alias is given as Resource",
        'A key policy applies to its own key, and an alias is not a key. Resource is "*".',
        '"Resource": "arn:aws:kms:us-east-1:111122223333:alias/disks"',
        'Write "Resource": "*".',
    ),
    _lint(
        "resource_is_another_key",
        "The Resource does not cover the key of the policy",
        "The statement has no effect on its own key, and a key policy cannot cover another key.",
        '"Resource": "arn:aws:kms:us-east-1:111122223333:key/ANOTHER-KEY"',
        'Write "Resource": "*".',
    ),
    _lint(
        "network_denies_ebs",
        "A Deny by network stops encrypted volumes",
        "EC2 calls KMS from its own network, for the caller and as the instance's own role "
        "aws:ec2-infrastructure. A Deny on aws:SourceIp, aws:VpcSourceIp, aws:SourceVpc or "
        "aws:SourceVpce denies these calls too. Source: EBS User Guide, Requirements for Amazon "
        "EBS encryption.",
        '{"Effect": "Deny", "Principal": "*", "Action": "kms:*",\n'
        ' "Condition": {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, ...}',
        'Add to the Condition: "Bool": {"aws:ViaAWSService": "false"} and "ArnNotLike": '
        '{"aws:PrincipalArn": "arn:aws:iam::*:role/aws:ec2-infrastructure/*"}.',
    ),
    _lint(
        "unknown_operator",
        "A condition operator does not exist",
        "KMS rejects the document, so the meaning of the statement is not certain.",
        '"Condition": {"StringEqual": {"kms:CallerAccount": "111122223333"}}',
        "Correct the spelling: StringEquals, StringLike, ArnLike, Bool, NumericEquals, "
        "DateLessThan, IpAddress, Null and their variants.",
    ),
    _lint(
        "unreadable_value",
        "An operator cannot read its value",
        "A Date operator needs an ISO 8601 date or seconds since 1970, Numeric a number, "
        "IpAddress an address or a CIDR block, Bool and Null true or false, BinaryEquals base64. "
        "What the condition means is not certain.",
        '"DateLessThan": {"aws:CurrentTime": "18.05.2026"}',
        "Write the value in the form that the operator requires: 2026-05-18T00:00:00Z.",
    ),
    _lint(
        "ambiguous_date",
        "A date of four digits can be a year or a number of seconds",
        "A Date operator takes the date forms of the W3C, of which one is a year alone, and "
        "seconds since 1970. AWS does not document which of the two four digits are. Source: IAM "
        "User Guide, IAM JSON policy elements: Condition operators.",
        '"DateLessThan": {"aws:CurrentTime": "2026"}',
        "Write the day and the time too: 2026-01-01T00:00:00Z.",
    ),
    _lint(
        "wildcard_is_text",
        "A wildcard is compared as text",
        "StringEquals and StringNotEquals compare * letter by letter, so StringEquals never "
        "matches a real value.",
        '"StringEquals": {"kms:ViaService": "ec2.*.amazonaws.com"}',
        "Use StringLike or StringNotLike.",
    ),
    _lint(
        "via_service_invalid",
        "A kms:ViaService value is not a service in a Region",
        "The value of kms:ViaService in a request is SERVICE.REGION.amazonaws.com. A placeholder "
        "or a name without Region never matches.",
        '"StringEquals": {"kms:ViaService": "ec2.<region>.amazonaws.com"}',
        "Write the Region of the key: ec2.us-east-1.amazonaws.com.",
    ),
    _lint(
        "via_service_other_region",
        "kms:ViaService is for another Region than the key's",
        "EC2 uses a key in its own Region, so the condition never holds on this key.",
        '"kms:ViaService": "ec2.eu-west-1.amazonaws.com" on a key in us-east-1',
        "Write the Region of the key.",
    ),
    _lint(
        "unknown_condition_key",
        "A KMS condition key that is not known",
        "A condition on a key that no request carries never holds, apart from negated operators "
        "and …IfExists. A new condition key may be unknown to this version.",
        '"Bool": {"kms:GrantIsForAWSResources": "true"}',
        "Correct the spelling: see Condition keys for AWS KMS in the KMS Developer Guide.",
    ),
    _lint(
        "actions_lack_condition_key",
        "The statement never allows some of its actions",
        "A request carries only the condition keys that its action documents. "
        "kms:GrantIsForAWSResource exists for CreateGrant, ListGrants and RevokeGrant only, so a "
        "statement with this condition never allows kms:Decrypt.",
        '{"Action": ["kms:CreateGrant", "kms:Decrypt"],\n'
        ' "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}, ...}',
        "Move these actions to a statement without the condition.",
    ),
)

ENTRIES = (*_DOCUMENT, *_PRINCIPALS, *_STATEMENTS)
