"""Markdown for tickets: what the owner of a key reads, and that log text stays in its place.

Sources: CommonMark 0.31; GitHub Flavored Markdown, "Tables" and "Autolinks".
"""

import re

import pytest

from ebs_kms_audit.render.markdown import prose, render
from tests.render.made import ALICE, DIFF, KEY_ID, policy_step, report_of, safe_step
from tests.rows import HEADER, SESSION, audit, row


def test_one_key_policy_step_makes_a_request_of_the_title():
    lines = render(report_of(safe_step())).splitlines()
    assert lines[0] == f"## Please change the policy of KMS key `{KEY_ID}`"
    assert lines[2].startswith("KMS denied 1 call by 1 caller on key")


def test_without_a_step_the_headline_is_the_title():
    assert render(audit(row())).startswith("## KMS denied 1 call by 1 caller, 2026-05-18")


CHANGE = f"""\
**Step:** Add two statements to the key policy.

**SAFE:**

<details><summary>Diff</summary>

```diff
{DIFF}```

</details>

<details><summary>The whole new policy: after.json</summary>

```json
{{
  "Version": "2012-10-17",
  "Statement": [
    {{
      "Sid": "Allow use of the key",
      "Effect": "Allow",
      "Principal": {{"AWS": "{ALICE}"}},
      "Action": ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
      "Resource": "*"
    }},
    {{
      "Sid": "Allow attachment of persistent resources",
      "Effect": "Allow",
      "Principal": {{"AWS": "{ALICE}"}},
      "Action": ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"],
      "Resource": "*",
      "Condition": {{"Bool": {{"kms:GrantIsForAWSResource": "true"}}}}
    }}
  ]
}}
```

</details>

<details><summary>How to apply, verify and undo</summary>

Apply:

```sh
aws kms put-key-policy --key-id X
```

Verify:

```sh
aws kms get-key-policy --key-id X
```

Undo:

```sh
aws kms put-key-policy --key-id X --policy file://before.json
```

`before.json` is a copy of the policy before the change.

</details>

Console: Open the KMS console. Choose the key.

Then: Attach the volume again.
"""
REASON = """\
**Why:** No statement in the key policy allows alice to call `kms:CreateGrant`. (derived) \
This speaks against it: event-9: the same call succeeded.
"""
CALLERS = f"""\
| caller | denied calls | last | step |
| --- | --- | --- | --- |
| `{ALICE}` (IAM user) | 1 × `CreateGrant` | 2026-05-18 07:00:34 UTC | step 1 |
"""


def test_the_owner_of_the_key_gets_reason_callers_and_the_whole_change():
    text = render(report_of(safe_step()))
    assert text.partition("**Why:**")[2].partition("\n**The input cannot")[0] == (
        f"{REASON}\n{CALLERS}\n{CHANGE}".removeprefix("**Why:**")
    )


# Jira takes 32,767 characters in a description, GitHub 65,536 in the body of an issue.
@pytest.mark.parametrize(("steps", "whole", "more"), [(10, 10, 0), (11, 10, 1), (1_000, 10, 990)])
def test_a_plan_of_many_short_steps_is_ten_steps_long(steps, whole, more):
    text = render(report_of(*(policy_step(id=f"key_policy-{n}") for n in range(steps))))
    assert text.count("```json\n") == whole
    assert (f"\n- {more} more step" in text) == bool(more)
    assert len(text) < 32_767


def test_a_plan_of_long_steps_has_one_line_for_each_step_that_does_not_fit():
    statement = policy_step().statements[0]
    names = [f"arn:aws:iam::111122223333:role/{n:060}" for n in range(70)]
    long = ({**statement, "Principal": {"AWS": names}},)
    text = render(report_of(*(policy_step(id=f"k-{n}", statements=long) for n in range(9))))
    assert text.count("```json\n") == 2
    rest = text.partition("**Other steps**, whole in the HTML or JSON report:\n\n")[2]
    line = "Add two statements to the key policy. REVIEW."
    assert rest.partition("\n\n")[0].splitlines() == [
        f"- **Step {number}:** {line}" for number in range(3, 10)
    ]
    assert len(text) < 32_767


def test_the_first_step_is_whole_at_any_length():
    statement = policy_step().statements[0]
    names = [f"arn:aws:iam::111122223333:role/{n:0120}" for n in range(150)]
    long = policy_step(statements=({**statement, "Principal": {"AWS": names}},))
    text = render(report_of(long, policy_step(id="k-2")))
    assert len(text) > 24_000
    assert text.count("```json\n") == 1


def test_clicks_in_the_console_are_not_shell_commands():
    text = audit(row(event_time="2020-05-13, 04:52:01 PM")).to_markdown()  # it has no zone
    assert "\n```\nCloudTrail console > Event history > " in text


def test_a_step_without_a_policy_says_what_to_get_and_whom_it_leaves_out():
    text = render(report_of(policy_step()))
    begin, _, rest = text.partition(REASON)[2].partition("<details>")
    assert (
        begin
        == f"""
**Next evidence:** Get the records of the same search. A record holds the error message, which \
names the type of policy that denied the call.

```sh
ebs-kms-audit event_history.csv event_history.json
```

{CALLERS}
**Step:** Add two statements to the key policy.

**REVIEW:** The ARN of alice is inferred.

Left out: deploy-7f3a. The input shows only the session name. To find the ARN:

```sh
aws iam list-roles
```

"""
    )
    assert rest.startswith(
        '<summary>JSON</summary>\n\n```json\n{\n  "Sid": "Allow use of the key",'
    )


def test_the_end_names_the_input_and_the_findings():
    report = report_of()
    assert render(report).rstrip().endswith(f"Finding ids: `{report.findings[0].id}`.</sub>")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("KMS denied 8 calls.", "KMS denied 8 calls."),
        ("alice called kms:CreateGrant.", "alice called `kms:CreateGrant`."),
        ("2026-05-18 06:55:01–07:05:10 UTC", "2026-05-18 06:55:01–07:05:10 UTC"),
        ("us-east-1, account 111122223333", "us-east-1, account 111122223333"),
        ("ask @alice", "ask `@alice`"),
        ("see #12 and GH-12", "see `#12` and `GH-12`"),
        ("www.example.com https://example.com", "`www.example.com` `https://example.com`"),
        ("a@example.com", "`a@example.com`"),
        ("**x** _y_ ~z~", "`**x**` `_y_` `~z~`"),
        ("a`b", "``a`b``"),
        ("<b>x</b> &amp;", "`<b>x</b>` `&amp`;"),
        ("[x](y) ![x](y)", "`[x](y`) `![x](y`)"),
        ("- x", "`-` x"),
        ("1. x", "1\\. x"),
        ("# x", "`#` x"),
        ("> x", "`>` x"),
        ("1234abcd is a commit", "`1234abcd` is a commit"),
        ("a\nb", "`a\\nb`"),
    ],
)
def test_prose_keeps_plain_words_and_puts_all_others_into_code(text, written):
    assert prose(text) == written


def test_a_pipe_does_not_end_a_cell():
    assert prose("a|b", in_table=True) == "`a\\|b`"


HOSTILE = [
    "`x` | y", "```\n# x", "<script>alert(1)</script>", "@org/team", "[x](https://example.com)",
    "![x](y)", "</details>", "https://example.com", "|---|", "\u202ex\u200b",
]  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE)
@pytest.mark.parametrize("column", HEADER)
def test_no_column_leaves_its_place(column, hostile):
    report = audit(row(), row() | {"AWS access key": SESSION, column: hostile})
    text = render(report)
    outside = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", text, flags=re.DOTALL)
    outside = re.sub(r"</?(details|summary|sub)>", "", outside)
    assert not re.search(r"[<>\[\]@`]|://|\u202e|\u200b", outside)
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) <= 1


def test_text_of_a_policy_stays_in_its_block():
    text = render(report_of(safe_step(diff="--- a\n+++ b\n+````\n+</details>\n")))
    assert "\n`````diff\n--- a\n+++ b\n+````\n+</details>\n`````\n" in text
