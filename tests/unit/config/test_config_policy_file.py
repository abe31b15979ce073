"""policy.toml: its shape, its errors, and that what it says is what policy does."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.config.policy_file import load_policy
from gateway.config.starter import starter_policy
from gateway.domain.decision import Action, Method, OpenText
from gateway.domain.errors import ConfigError
from gateway.domain.finding import Mode, SensitiveClass
from gateway.domain.patient import Purpose, RecipientKind
from gateway.policy.law import load_law
from gateway.policy.model import Policy

FULL = """
open_text = "notice"
method_order = ["link"]
on_key_trouble = "hold"
[sensitive]
need_consent = ["hiv"]
hold = ["minor"]
[purposes]
partner = ["treatment"]
[[rule]]
name = "lab-line"
when = { recipient_domain = ["Lab.Example.org"], sender = ["@Practice.example.org"], phi = true, attachments_over = 2 }
then = { action = "deliver", method = "pass", i_understand = "leased line" }
[[rule]]
name = "stop"
then = { action = "refuse" }
"""


def read(tmp_path: Path, text: str) -> Policy:
    path = tmp_path / "policy.toml"
    path.write_text(text)
    return load_policy(path)


def test_the_starter_is_the_built_in_policy(tmp_path):
    assert read(tmp_path, starter_policy()) == Policy(load_law())
    assert read(tmp_path, "").version == Policy(load_law()).version


def test_the_examples_in_the_starter_load_when_uncommented(tmp_path):
    lines = [one.removeprefix("# ") for one in starter_policy().splitlines()]
    text = "\n".join(lines[lines.index("[[rule]]") :])
    assert [one.name for one in read(tmp_path, text).rules] == ["whole-chart", "insurer-by-notice", "registry-masked"]


def test_everything_arrives(tmp_path):
    got = read(tmp_path, FULL)
    assert got.open_text is OpenText.NOTICE
    assert got.method_order == (Method.LINK,)
    assert got.hold_on_key_trouble
    assert got.sensitive.need_consent == {SensitiveClass.HIV}
    assert got.purposes_for(RecipientKind.PARTNER) == {Purpose.TREATMENT}
    assert Purpose.PAYMENT in got.purposes_for(RecipientKind.PAYER)
    line, stop = got.rules
    assert line.when.recipient_domain == {"lab.example.org"}
    assert line.when.sender == {"@practice.example.org"}
    assert (line.when.phi, line.when.attachments_over, line.then.i_understand) == (True, 2, "leased line")
    assert stop.then.action is Action.REFUSE


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('open_txt = "notice"', ["open_txt", 'did you mean "open_text"']),
        ('[sensitiv]\nhold = []', ["sensitiv", 'did you mean "sensitive"']),
        ('[[rule]]\nname = "a"\nwhen = { recipient_domian = ["x.org"] }\nthen = { action = "hold" }', ["rule[0].when.recipient_domian", 'did you mean "recipient_domain"']),
        ('[[rule]]\nname = "a"\nthen = { action = "hold", methode = "link" }', ["rule[0].then.methode", 'did you mean "method"']),
        ('[[rule]]\nname = "a"\nthen = { action = "quarantine" }', ["rule[0].then.action", "'hold'"]),
        ('[[rule]]\nname = "a"', ["rule[0].then", "missing"]),
        ('[[rule]]\nname = "a"\nwhen = { recipient_kind = ["doctor"] }\nthen = { action = "hold" }', ["rule[0].when.recipient_kind", "'partner'"]),
        ('[[rule]]\nname = "a"\nwhen = { recipient_domain = ["nodot"] }\nthen = { action = "hold" }', ["recipient_domain", "dot"]),
        ('[[rule]]\nname = "a"\nwhen = { phi = "yes please" }\nthen = { action = "hold" }', ["rule[0].when.phi"]),
        ('[[rule]]\nname = "a"\nthen = { action = "deliver", method = "pass" }', ['rule "a"', "i_understand"]),
        ('[[rule]]\nname = "a"\nthen = { action = "deliver", method = "pass", i_understand = "so be it" }', ['rule "a"', "recipient_domain"]),
        ('[[rule]]\nname = "a"\nthen = { action = "hold" }\n[[rule]]\nname = "a"\nthen = { action = "hold" }', ['"a"', "its own name"]),
        ('method_order = ["pass"]', ["method_order", "does not protect"]),
        ('[purposes]\npartner = ["treatment", "fun"]', ["purposes.partner"]),
        ('[purposes]\npartners = ["treatment"]', ["purposes.partners"]),
        ("open_text = ", ["TOML"]),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_key_and_mend(tmp_path, text, said):
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    line = str(caught.value)
    assert line.startswith("policy.toml: ")
    assert "\n" not in line
    for words in said:
        assert words in line, line


def test_the_detectors_mode(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text('[detector]\nmode = "strict"\n', encoding="utf-8")
    strict = load_policy(path)
    assert strict.detector is Mode.STRICT
    path.write_text("", encoding="utf-8")
    balanced = load_policy(path)
    assert balanced.detector is Mode.BALANCED
    assert strict.version != balanced.version
    path.write_text('[detector]\nmode = "lax"\n', encoding="utf-8")
    with pytest.raises(ConfigError, match="mode"):
        load_policy(path)
