"""Collects the tests once, then runs those that cover a mutant in a forked process.

Within a function the code of the mutant is put into the functions that are already imported.
Elsewhere a process without this project's modules is forked, which imports the mutant.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import importlib.util
import inspect
import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
import types
from collections import Counter, defaultdict
from pathlib import Path

import coverage
import pytest
from hypothesis import Phase, settings

from tests.mutation.mutants import difference, mutants

_PYTEST = "-s -x --assert=plain -p no:cacheprovider -p no:xdist -p no:benchmark".split()
_KILLED, _BROKEN = 1, 3
_MEMORY = 2 << 30
"""What the tests of a mutant may use beyond what is used before, in bytes."""


class Run:
    """One run over the mutants of a package."""

    def __init__(self, *, package, tests, choose, seconds, minutes):
        self.files = sorted(package.rglob("*.py")) if package.is_dir() else [package]
        self.tests, self.choose, self.seconds = tests, choose, seconds
        self.end = math.inf if minutes is None else time.monotonic() + 60 * minutes
        self.every = {}
        self.tried = {}
        self.killers = Counter()
        self.say = os.fdopen(os.dup(1), "w", buffering=1)

    def run(self):
        code, measured = self._forked(self._measure, 3600)
        assert measured, f"the tests without a mutant ended with {code}"
        self.cost = measured["cost"]
        assert not measured["failed"], f"these fail without a mutant: {measured['failed']}"
        self.cover = {
            path: {int(line): tests for line, tests in lines.items()}
            for path, lines in measured["cover"].items()
        }
        self.every = self._mutants()
        chosen = {one: self.every[one] for one in self.choose(list(self.every))}
        print(f"{len(self.every)} mutants, {len(chosen)} chosen, {len(self.cost)} tests")
        for path in self.files:
            Path(importlib.util.cache_from_source(str(path))).unlink(missing_ok=True)
        inside = {}
        for one, (path, mutant) in chosen.items():
            if self._at_import(path, mutant):
                self._try(one, path, mutant, _fresh)
            else:
                inside[one] = path, mutant
        if inside:
            self._silent(pytest.main, [*_PYTEST, *self.tests], [_Loop(self, inside)])
        print(dict(Counter(one["result"] for one in self.tried.values())))
        return self.tried

    def _mutants(self):
        """Return every mutant with its file, by an id that edits elsewhere do not change."""
        found, counts = {}, Counter()
        for path in self.files:
            for mutant in mutants(path):
                one = f"{path}:{mutant.key}"
                counts[one] += 1
                found[f"{one}:{counts[one]}"] = path, mutant
        return found

    def _measure(self):
        """Run every test once. Return what each costs, and the tests of each line."""
        sys.dont_write_bytecode = False
        plugin = _Measure()
        pytest.main([*_PYTEST, "--maxfail=1000", *self.tests], [plugin])
        plugin.coverage.stop()
        data = plugin.coverage.get_data()
        cover = {
            str(path): dict(data.contexts_by_lineno(str(path.resolve()))) for path in self.files
        }
        return {"cost": plugin.cost, "failed": plugin.failed, "cover": cover}

    def _try(self, one, path, mutant, job):
        """Run the tests of one mutant; the quickest, and those that killed others, first."""
        if time.monotonic() > self.end:
            return
        tests = sorted(self._tests_of(path, mutant), key=lambda t: self.cost[t] - self.killers[t])
        spent = 0.0
        for count, test in enumerate(tests):
            spent += self.cost[test]
            if spent > self.seconds:
                tests = tests[: max(count, 1)]
                break
        result, killer = "not covered", None
        if tests:
            original = path.read_bytes()
            path.write_text(mutant.source, encoding="utf-8")
            limit = 5 + 4 * min(spent, self.seconds)
            code, killer = self._forked(lambda: job(path, mutant, tests), limit)
            path.write_bytes(original)
            result = {0: "survived", _KILLED: "killed", _BROKEN: "broken"}.get(code, "stopped")
        if killer in self.cost:
            self.killers[killer] += 1
        change = difference(mutant.old, mutant.new)
        place = f"{path}:{mutant.line} {mutant.function}"
        self.tried[one] = {"result": result, "place": place, "change": change}
        if result in {"survived", "not covered", "broken"}:
            self.say.write(f"{result}: {place} | {change}\n")

    def _at_import(self, path, mutant):
        """Return whether the change is noticed only when the module is imported anew."""
        lines = self.cover[str(path)]
        return not mutant.function or any("" in lines.get(line, ()) for line in mutant.body)

    def _tests_of(self, path, mutant):
        lines = {line: set(tests) - {""} for line, tests in self.cover[str(path)].items()}
        if mutant.function and (found := lines.get(mutant.line) or lines.get(mutant.statement)):
            return found
        if not self._at_import(path, mutant):
            return set()
        every = {test for tests in lines.values() for test in tests}
        return self._users_of(mutant.names) or every or set(self.cost)

    def _users_of(self, names):
        """Return the tests that run a line with one of the names, in whichever module."""
        found = set()
        for path in self.files:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Name | ast.Attribute):
                    continue
                if (node.id if isinstance(node, ast.Name) else node.attr) in names:
                    found.update(self.cover[str(path)].get(node.lineno, ()))
        return found - {""}

    def _forked(self, job, seconds):
        """Return how a job ends in a process of its own, and what it returns."""
        with tempfile.TemporaryFile("w+") as answer:
            pid = os.fork()
            if pid == 0:
                code = _BROKEN
                try:
                    os.setpgid(0, 0)
                    pages = int(Path("/proc/self/statm").read_text().split()[0])
                    limit = pages * resource.getpagesize() + _MEMORY
                    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
                    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1,) * 2)
                    signal.alarm(3600)  # for a deadlock; the process may be paused meanwhile
                    result = self._silent(job)
                    json.dump(result, answer)
                    answer.flush()
                    code = _KILLED if isinstance(result, str) else 0
                except BaseException:
                    traceback.print_exc()
                    raise
                finally:
                    os._exit(code)
            _, status = os.waitpid(pid, 0)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)  # what the tests started
            answer.seek(0)
            text = answer.read()
        return os.waitstatus_to_exitcode(status), json.loads(text) if text else None

    def _silent(self, job, *args):
        sys.stdout.flush()
        kept, nothing = (os.dup(1), os.dup(2)), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, 1)
        os.dup2(nothing, 2)
        try:
            return job(*args)
        finally:
            sys.stdout.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)


class _Quick:
    """Makes hypothesis find the same examples every time, and not look for smaller ones."""

    def __init__(self):
        self.failed = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self):
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile(
            "mutation", deadline=None, derandomize=True, database=None, phases=phases
        )
        settings.load_profile("mutation")

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.append(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport


class _Measure(_Quick):
    """Notes what each test costs, in seconds, and which lines it runs."""

    def __init__(self):
        super().__init__()
        self.cost, self.caches = {}, None
        self.coverage = coverage.Coverage(
            data_file=None, config_file=False, source=["ebs_kms_audit"], messages=False
        )
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        if self.caches is None:
            self.caches = [one for one in gc.get_objects() if _is_cache(one)]
        for one in self.caches:
            one.cache_clear()  # what an earlier test filled would hide the lines of this one
        self.coverage.switch_context(item.nodeid)
        began = time.process_time()
        result = yield
        self.cost[item.nodeid] = time.process_time() - began
        self.coverage.switch_context("")
        return result


class _Loop(_Quick):
    """In place of pytest's own loop: the mutants within functions."""

    def __init__(self, run, chosen):
        super().__init__()
        self.run, self.chosen = run, chosen

    def pytest_runtestloop(self, session):
        items = {item.nodeid: item for item in session.items}
        live = _live_functions(self.run.files)

        def job(path, mutant, tests):
            assert _patch(path, mutant, live), "the function is not found among those imported"
            wanted = [items[test] for test in tests]
            for item, following in zip(wanted, [*wanted[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                if self.failed:
                    return self.failed[0]
            return None

        for one, (path, mutant) in self.chosen.items():
            self.run._try(one, path, mutant, job)
        return True


class _Fresh(_Quick):
    """Runs the given tests; their ids may have what the command line takes for a separator."""

    def __init__(self, tests):
        super().__init__()
        self.tests = tests

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items):
        found = {item.nodeid: item for item in items}
        items[:] = [found[test] for test in self.tests if test in found]


def _fresh(path, mutant, tests):
    plugin = _Fresh(tests)
    files = sorted({test.partition("::")[0] for test in tests})
    code = pytest.main([*_PYTEST, *files], [plugin])
    return plugin.failed[0] if plugin.failed else None if code == 0 else "pytest"


def _is_cache(one):
    made_of = getattr(one, "__wrapped__", None) if hasattr(type(one), "cache_clear") else None
    return getattr(made_of, "__module__", "").startswith("ebs_kms_audit")


def _live_functions(files):
    """Return the imported functions of the files, by file, name and order of definition."""
    places = {}
    for path in files:
        for key, code in _functions(path.read_text(encoding="utf-8")).items():
            places[str(path.resolve()), code.co_qualname, code.co_firstlineno] = key
    live = defaultdict(list)
    for one in gc.get_objects():
        if isinstance(one, types.FunctionType):
            code = one.__code__
            key = places.get((code.co_filename, code.co_qualname, code.co_firstlineno))
            if key is not None:
                live[code.co_filename, *key].append(one)
    return live


def _functions(source):
    """Return the code of each function that is in no other function, by name and order."""
    found, counts = {}, Counter()

    def walk(code):
        for one in code.co_consts:
            if isinstance(one, types.CodeType):
                if one.co_flags & inspect.CO_OPTIMIZED:
                    found[one.co_qualname, counts[one.co_qualname]] = one
                    counts[one.co_qualname] += 1
                else:
                    walk(one)

    walk(compile(source, "", "exec", dont_inherit=True))
    return found


def _patch(path, mutant, live):
    """Put the code of the mutant into the imported functions."""
    if _module(path) not in sys.modules:
        return True  # it is imported later, from the changed file
    done = False
    for key, code in _functions(mutant.source).items():
        if key[0] == mutant.function:
            for function in live[str(path.resolve()), *key]:
                function.__code__ = code.replace(co_filename=str(path.resolve()))
                done = True
    return done


def _module(path):
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
