#!/usr/bin/env python3
"""The `aws` command for tests: keeps policies and grants in the JSON file $FAKE_AWS."""

import json
import os
import sys
from pathlib import Path

STATE = Path(os.environ["FAKE_AWS"])


def option(name):
    return sys.argv[sys.argv.index(name) + 1]


def document(name):
    return Path(option(name).removeprefix("file://")).read_text(encoding="utf-8")


def main():
    state = json.loads(STATE.read_text(encoding="utf-8"))
    service, operation = sys.argv[1:3]
    state["calls"].append(sys.argv[1:])
    answer = None
    if operation == "get-key-policy":
        answer = state["policies"][option("--key-id")]
    elif operation == "put-key-policy":
        state["policies"][option("--key-id")] = document("--policy")
    elif operation == "create-grant":
        grant = {"GrantId": f"grant{len(state['grants'])}", "GrantToken": "token"}
        state["grants"].append(grant)
        answer = json.dumps(grant)
    elif operation == "list-grants":
        answer = json.dumps({"Grants": state["grants"]})
    elif operation == "revoke-grant":
        state["grants"] = [g for g in state["grants"] if g["GrantId"] != option("--grant-id")]
    elif service == "iam":
        verb, kind, _ = operation.split("-")
        name = f"{option(f'--{kind}-name')}/{option('--policy-name')}"
        if verb == "put":
            state["iam"][name] = document("--policy-document")
        elif name not in state["iam"]:
            sys.exit("NoSuchEntity")
        elif verb == "delete":
            del state["iam"][name]
        else:
            answer = state["iam"][name]
    else:
        sys.exit(f"{operation} is not known")
    STATE.write_text(json.dumps(state), encoding="utf-8")
    if answer is not None:
        print(answer)


main()
