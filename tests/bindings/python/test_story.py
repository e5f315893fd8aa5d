"""The story of tests/story through the binding."""
from __future__ import annotations

import pathlib
import shlex
import tempfile
import unittest
from datetime import datetime, timezone
from enum import IntEnum
from typing import Any

import pca

STORY = pathlib.Path(__file__).resolve().parents[2] / "story"
CONSTANTS: dict[str, type[IntEnum]] = {
    "kind": pca.Kind, "family": pca.Family, "key_algorithm": pca.KeyAlgorithm, "type": pca.CertType, "status": pca.Status,
    "reason": pca.Reason, "format": pca.Format}
NUMBERS = {"days", "months", "years", "crl_days", "path_length", "remaining", "expected", "count", "value", "id", "limit"}
SWITCHES = {"use_csr_subject": "csr_subject", "use_csr_san": "csr_san", "longest": "longest"}
LISTS = {"dns", "ip", "email", "uri"}


class Step:
    """A line, cut into its parts."""

    def __init__(self, line: str) -> None:
        done, _, wanted = line.partition(" -> ")
        words = shlex.split(done)
        self.result = words[0] if words[1:2] == ["="] else None
        self.verb, *rest = words[2:] if self.result else words
        self.object = next((word for word in rest if "=" not in word), None)
        self.keys = [tuple(word.split("=", 1)) for word in rest if "=" in word]
        self.code, *checks = shlex.split(wanted)
        self.checks = [tuple(check.split("=", 1)) for check in checks]


class Story:
    """What the verbs of the story do. Each returns what has come of it."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.now = 0
        self.things: dict[str, Any] = {}

    def run(self, step: Step) -> None:
        on = None if step.verb == "clock" else self.things[step.object] if step.object else None
        if step.verb == "clock":
            self.now = int(step.object or "")
            return
        try:
            result = getattr(self, step.verb)(on, **self.values(step))
        except pca.Error as refusal:
            assert refusal.code.name == step.code, (refusal.code.name, str(refusal))
            assert type(refusal) is not pca.Error and pca.code_name(refusal.code) == f"PCA_E_{step.code}", type(refusal)
            for name, value in step.checks:
                assert getattr(refusal, name) == value, (name, getattr(refusal, name), value)
            return
        assert step.code == "OK", f"OK, not {step.code}"
        if step.verb == "reload":
            self.things[step.object or ""] = result
        elif step.result:
            self.things[step.result] = result
        for name, value in step.checks:
            self.check(result if result is not None else on, name, value)

    def values(self, step: Step) -> dict[str, Any]:
        """The keys as keyword arguments."""
        found: dict[str, Any] = {}
        for name, value in step.keys:
            if name in LISTS:
                found.setdefault(name, []).append(value)
            elif name in SWITCHES:
                found[SWITCHES[name]] = value == "1"
            elif name in ("sub", "of", "issuer"):
                found[name] = self.things[value]
            elif name == "csr":
                file = STORY / value
                found[name] = file.read_bytes() if file.exists() else "broken"
            elif name == "state" and step.verb == "find_cas":
                found[name] = pca.CaState[value]
            elif name in CONSTANTS:
                found[name] = CONSTANTS[name][value]
            else:
                found[name] = int(value) if name in NUMBERS and value.isdecimal() else value
        return found

    def check(self, thing: Any, name: str, value: str) -> None:
        if name == "same":
            assert thing.id == self.things[value].id, (thing, value)
        elif name in ("parent_is", "root_is", "issuer_is"):
            assert getattr(thing, name[:-2] + "id") == self.things[value].id, (thing, name)
        else:
            said = self.said(thing, name)
            assert said == value, f"{name} is {said}, not {value}"

    def said(self, thing: Any, name: str) -> str:
        """A property as the story writes it."""
        if name == "count" and not isinstance(thing, pca.Receipt):
            return str(len(thing))
        if name == "value":
            return str(thing)
        told = len(getattr(thing, name[:-6] + "s")) if name.endswith("_count") else getattr(thing, name)
        if isinstance(told, IntEnum):
            return told.name
        if isinstance(told, datetime):
            return str(int(told.timestamp()))
        return "0" if told is None else str(told)

    # ---- Verbs ----

    def config(self, key: str = "") -> Any:
        return {"key": bytes([8 if key else 7]) * 32, "clock": lambda: datetime.fromtimestamp(self.now, timezone.utc)}

    def create(self, on: None, id: str) -> Any:
        return pca.Region.create(self.path, id, **self.config())

    def open(self, on: None, key: str = "", read_only: str = "") -> Any:
        return pca.Region.open(self.path, read_only=bool(read_only), **self.config(key))

    def close(self, on: pca.Region) -> None:
        on.close()

    def check_region(self, on: pca.Region) -> None:
        on.check()

    def policy_get(self, on: pca.Region, name: str) -> int:
        return on.policy(name)

    def policy_set(self, on: pca.Region, name: str, value: int) -> None:
        on.set_policy(name, value)

    def root_get(self, on: pca.Region, id: int) -> Any:
        return on.root(id)

    def root_by_alias(self, on: pca.Region, alias: str) -> Any:
        return on.root(alias)

    def sub_by_alias(self, on: pca.Region, alias: str) -> Any:
        return on.sub(alias)

    def cert_get(self, on: pca.Region, of: pca.Cert) -> Any:
        return on.cert(of.id)

    def find(self, on: pca.Region, **fields: Any) -> Any:
        return on.find_certs(**fields)

    def find_cas(self, on: pca.Region, **fields: Any) -> Any:
        return on.find_cas(**fields)

    def purchase(self, on: pca.Region, **fields: Any) -> Any:
        return on.purchase(**fields)

    def enable(self, on: Any, **fields: Any) -> None:
        on.enable(**fields)

    def default_sub(self, on: pca.Root) -> Any:
        return on.default_sub()

    def purchase_sub(self, on: pca.Root, months: int) -> Any:
        return on.purchase_sub(months)

    def purchase_certificates(self, on: pca.Root, count: int, token: str | None = None) -> Any:
        return on.purchase_certificates(count, token=token)

    def assign(self, on: pca.Root, sub: pca.Sub, remaining: int, expected: int | None = None) -> None:
        on.assign(sub, remaining, expected=expected)

    def certificate(self, on: pca.Ca, format: pca.Format) -> None:
        assert on.certificate_pem() if format == pca.Format.PEM else on.certificate_der()

    def request(self, on: pca.Sub, **fields: Any) -> Any:
        return on.request(**fields)

    def check_(self, on: pca.Sub, **fields: Any) -> Any:
        return on.check_request(**fields)

    def by_serial(self, on: pca.Ca, of: pca.Cert) -> Any:
        return on.cert(of.serial)

    def reload(self, on: Any) -> Any:
        return on.reload()

    def set_alias(self, on: Any, alias: str) -> None:
        on.set_alias(alias)

    def tag_set(self, on: Any, key: str, value: str) -> None:
        on.set_tag(key, value)

    def export(self, on: pca.Cert, format: pca.Format, flags: str = "", password: str | None = None) -> Any:
        named = flags.split(",")
        return on.export(format, chain="CHAIN" in named, root="ROOT" in named, plain_key="PLAIN_KEY" in named, password=password)

    def revoke(self, on: Any, reason: pca.Reason) -> None:
        on.revoke(reason)

    def delete(self, on: pca.Cert) -> None:
        on.delete()

    def disable(self, on: pca.Ca) -> None:
        on.disable()

    def resume(self, on: pca.Ca) -> None:
        on.resume()

    def crl_make(self, on: pca.Ca) -> None:
        on.make_crl()

    def crl_info(self, on: pca.Ca) -> Any:
        return on.crl_info()


class TestStory(unittest.TestCase):
    def test_story(self) -> None:
        steps = 0
        with tempfile.TemporaryDirectory() as directory:
            story = Story(f"{directory}/region")
            for number, line in enumerate((STORY / "story.txt").read_text(encoding="utf-8").splitlines(), 1):
                if line and not line.startswith("#"):
                    step = Step(line)
                    step.verb = {"check": "check_"}.get(step.verb, step.verb)
                    try:
                        story.run(step)
                    except AssertionError as problem:
                        self.fail(f"story.txt:{number}: {line}: {problem}")
                    steps += 1
        self.assertGreater(steps, 90)
