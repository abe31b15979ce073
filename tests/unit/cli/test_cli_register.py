"""The register by command: import, show, set; errors name row and column, never what stands there."""

from __future__ import annotations

import json

import pytest

from tests.support.command import installation, sealgate

HEAD = "given,family,other_names,birth_date,mrn,email,phone,address,city,state,zip\n"
ADA = "Ada,Quill,Byron;Ada May,1980-01-31,MRN-4711,ada@example.net;a.q@example.com,(555) 555-0142,12 Elm Street,Springfield,IL,62704\n"


@pytest.fixture
def config(tmp_path):
    return installation(tmp_path / "one")


@pytest.fixture
def gate(config):
    return lambda *words, **more: sealgate(*words, "--config", config, **more)


def imported(gate, what, text, *options):
    return gate(what, "import", "-", *options, stdin=text)


def test_a_patient_comes_in_whole(gate):
    assert imported(gate, "patient", HEAD + ADA, "--json").row == {"added": 1, "changed": 0, "same": 0}
    row = gate("patient", "show", "mrn 4711", "--json").row
    assert row["emails"] == ["ada@example.net", "a.q@example.com"]
    assert row["other_names"] == ["Byron", "Ada May"]
    assert (row["birth_date"], row["phone"], row["zip"]) == ("1980-01-31", "(555) 555-0142", "62704")
    assert (row["verified"], row["version"]) == ([], 1)
    assert [one["mrn"] for one in gate("patient", "list", "--json").rows] == ["MRN-4711"]


def test_importing_again_changes_only_what_differs(gate):
    imported(gate, "patient", HEAD + ADA)
    gate("patient", "set", "MRN-4711", "--restrict", "no_payer")
    gate("patient", "set", "MRN-4711", "--verify-address", "ada@example.net")
    assert imported(gate, "patient", HEAD + ADA, "--json").row == {"added": 0, "changed": 0, "same": 1}
    moved = ADA.replace("12 Elm Street", "9 Oak Street").replace("ada@example.net;", "")
    assert imported(gate, "patient", HEAD + moved, "--json").row["changed"] == 1
    row = gate("patient", "show", "MRN-4711", "--json").row
    assert (row["address"], row["version"], row["restrictions"]) == ("9 Oak Street", 4, ["no_payer"])
    assert row["verified"] == [], "an address that left the record is no longer verified"


def test_verified_import_marks_the_addresses(gate):
    imported(gate, "patient", HEAD + ADA, "--verified")
    assert gate("patient", "show", "MRN-4711", "--json").row["verified"] == ["a.q@example.com", "ada@example.net"]


def test_a_patient_without_number_is_found_by_name_and_birth_date(gate):
    text = "given,family,birth_date,city\nTom,Stone,1975-05-05,Troy\n"
    imported(gate, "patient", text)
    assert imported(gate, "patient", text, "--json").row["same"] == 1
    assert imported(gate, "patient", text.replace("Troy", "Rome"), "--json").row["changed"] == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD.replace("zip", "zip,shoe_size") + ADA, 'column "shoe_size" is not known'),
        (HEAD.replace("zip", "mrn") + ADA, 'column "mrn" is there twice'),
        ("given,mrn\nSecretname,1\n", 'column "family" is missing'),
        ("Secretname,Secretfamily,secret@example.net\n", "row 1: must name the columns"),
        ("", "row 1: must name the columns"),
        (HEAD + ADA.replace("1980-01-31", "31.1.1980 Secret"), "row 2, column birth_date"),
        (HEAD + ADA + ADA.replace("ada@example.net", "Secret at example"), "row 3, column email"),
        (HEAD + ADA.replace("(555) 555-0142", "Secret"), "row 2, column phone"),
        (HEAD + ADA + ADA.replace("MRN-4711", "mrn4711"), "row 3, column mrn: is there twice"),
        (HEAD + ADA.replace("Quill", ""), "row 2, column family: is empty"),
        (HEAD + ADA.replace("62704", "62704,Secret"), "row 2: has 12 cells"),
        (HEAD + ADA.replace("Springfield", '"Secret'), "is not valid CSV"),
        (HEAD + ADA.replace("Springfield", "Secret\x07field"), "row 2, column city: has control characters"),
    ],
)
def test_a_bad_file_is_2_names_its_place_and_imports_nothing(gate, text, said):
    answer = imported(gate, "patient", text)
    assert answer.status == 2
    assert said in answer.err
    assert "secret" not in answer.err.lower()
    assert "Quill" not in answer.err
    assert gate("patient", "list", "--json").rows == []


def test_not_utf_8_is_told(gate):
    answer = imported(gate, "patient", (HEAD + ADA).encode("utf-16"))
    assert (answer.status, "UTF-8" in answer.err) == (2, True)


def test_a_byte_order_mark_does_no_harm(gate):
    assert imported(gate, "patient", ("\ufeff" + HEAD + ADA).encode()).status == 0


def test_fhir_bundle(gate, tmp_path):
    ada = {
        "resourceType": "Patient",
        "identifier": [
            {"type": {"coding": [{"code": "DL"}]}, "value": "D1"},
            {"type": {"coding": [{"code": "MR"}]}, "value": "MRN-4711"},
        ],
        "name": [
            {"use": "maiden", "family": "Byron"},
            {"use": "official", "family": "Quill", "given": ["Ada", "May"]},
        ],
        "birthDate": "1980-01-31",
        "telecom": [
            {"system": "phone", "value": "555-0100", "use": "home"},
            {"system": "phone", "value": "555-0142", "use": "mobile"},
            {"system": "email", "value": "ada@example.net"},
            {"system": "email", "value": "old@example.net", "use": "old"},
        ],
        "address": [{"line": ["12 Elm Street", "Apt 2"], "city": "Springfield", "state": "IL", "postalCode": "62704"}],
    }
    bundle = {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Organization"}}, {"resource": ada}]}
    path = tmp_path / "b.json"
    path.write_text(json.dumps(bundle))
    assert gate("patient", "import", path, "--json").row["added"] == 1
    row = gate("patient", "show", "MRN-4711", "--json").row
    assert (row["given"], row["family"], row["other_names"]) == ("Ada May", "Quill", ["Byron"])
    assert (row["emails"], row["phone"], row["address"]) == (["ada@example.net"], "555-0142", "12 Elm Street, Apt 2")
    single = gate("patient", "import", "--fhir", "-", "--json", stdin=json.dumps(ada))
    assert single.row == {"added": 0, "changed": 0, "same": 1}


@pytest.mark.parametrize(
    ("resource", "said"),
    [
        ("[]", "resourceType"),
        ("{", "not JSON"),
        ('{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Patient"}}]}', "entry 1: name.family"),
        ('{"resourceType": "Patient", "name": [{"family": "Secret"}], "birthDate": "Secret"}', "Patient: birthDate"),
        (
            '{"resourceType": "Patient", "name": [{"family": "Secret"}], "telecom": [{"system": "email", "value": "Secret"}]}',
            "telecom.value",
        ),
        ('{"resourceType": "Patient", "name": "Secret"}', "name is not a list"),
        ('{"resourceType": "Bundle", "entry": []}', "holds no Patient"),
    ],
)
def test_bad_fhir_is_2_and_shows_no_value(gate, resource, said):
    answer = gate("patient", "import", "--fhir", "-", stdin=resource)
    assert answer.status == 2
    assert said in answer.err
    assert "Secret" not in answer.err


def test_proxies_restrictions_and_confidential_address(gate):
    imported(gate, "patient", HEAD + ADA)
    gate(
        "patient",
        "set",
        "MRN-4711",
        "--proxy",
        "Mum Quill",
        "--proxy-address",
        "mum@example.net",
        "--from",
        "2026-01-01",
        "--until",
        "2026-12-31",
    )
    gate("patient", "set", "MRN-4711", "--restrict", "no_partner", "--scope", "Clinic.Example.net")
    row = gate("patient", "set", "MRN-4711", "--confidential-address", "safe@example.org", "--json").row
    assert row["proxies"] == ["Mum Quill <mum@example.net> from 2026-01-01 until 2026-12-31"]
    assert row["restrictions"] == ["no_partner clinic.example.net"]
    assert (row["confidential_address"], row["version"]) == ("safe@example.org", 4)
    gate("patient", "set", "MRN-4711", "--lift", "no_partner", "--scope", "clinic.example.net")
    row = gate(
        "patient", "set", "MRN-4711", "--no-confidential-address", "--end-proxy", "mum@example.net", "--json"
    ).row
    assert (row["proxies"], row["restrictions"], row["confidential_address"]) == ([], [], None)


@pytest.mark.parametrize(
    "options",
    [
        [], ["--verify-address", "eve@example.net"], ["--restrict", "no_partner"], ["--scope", "x.example.net"],
        ["--proxy", "Mum"], ["--from", "2026-01-01"], ["--restrict", "nonsense"], ["--confidential-address", "nowhere"],
        ["--proxy", "M", "--proxy-address", "m@example.net", "--from", "2026-02-01", "--until", "2026-01-01"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_setting_nonsense_is_2_and_changes_nothing(gate, options):
    imported(gate, "patient", HEAD + ADA)
    assert gate("patient", "set", "MRN-4711", *options).status == 2
    assert gate("patient", "show", "MRN-4711", "--json").row["version"] == 1


def test_an_unknown_patient_is_no(gate):
    for words in (
        ["patient", "show", "X1"],
        ["consent", "show", "X1"],
        ["consent", "add", "X1", "--kind", "email_encrypted"],
    ):
        assert gate(*words).status == 1


def test_partners(gate):
    text = "name,kind,domain_or_address,baa_date,baa_expires,trust\nBirch,partner,Clinic.Example.NET,2025-01-01,2030-01-01,\nPlan,payer,claims@plan.example.net,,,verified_tls\n"
    assert imported(gate, "partner", text, "--json").row["added"] == 2
    assert imported(gate, "partner", text, "--json").row["same"] == 2
    assert imported(gate, "partner", text.replace("2030", "2031"), "--json").row == {
        "added": 0,
        "changed": 1,
        "same": 1,
    }
    row = gate("partner", "show", "clinic.example.net", "--json").row
    assert (row["name"], row["kind"], row["baa_expires"], row["trust"], row["version"]) == (
        "Birch",
        "partner",
        "2031-01-01",
        "none",
        2,
    )
    assert [one["kind"] for one in gate("partner", "list", "--json").rows] == ["payer", "partner"]
    assert gate("partner", "show", "other.example.net").status == 1
    for bad, said in (
        (text.replace("payer", "friend"), "row 3, column kind"),
        (text.replace("Clinic.Example.NET", "nodot"), "row 2, column domain_or_address"),
    ):
        answer = imported(gate, "partner", bad)
        assert (answer.status, said in answer.err) == (2, True)


CONSENTS = "mrn,kind,address,purpose,method,warning_version,given_how,recorded_by,given_on,expires_on\n"
GIVEN = "mrn4711,email_encrypted,ada@example.net,,link,1,paper,front desk,2026-01-05,\n"


def test_consents_come_in_once(gate):
    imported(gate, "patient", HEAD + ADA)
    assert imported(gate, "consent", CONSENTS + GIVEN, "--json").row["added"] == 1
    assert imported(gate, "consent", CONSENTS + GIVEN, "--json").row == {"added": 0, "changed": 0, "same": 1}
    row = gate("consent", "list", "--json").row
    assert (row["mrn"], row["kind"], row["address"], row["purpose"], row["method"]) == (
        "MRN-4711",
        "email_encrypted",
        "ada@example.net",
        "*",
        "link",
    )
    assert (row["recorded_by"], row["given_how"], row["given_on"]) == ("front desk", "paper", "2026-01-05")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GIVEN.replace("email_encrypted", "shouting"), "column kind"),
        (GIVEN.replace("link", "pigeon"), "column method"),
        (GIVEN.replace("2026-01-05", "2999-01-05"), "column given_on: is in the future"),
        (GIVEN.replace("2026-01-05,", "2026-01-05,2025-01-01"), "column expires_on"),
        (GIVEN.replace("mrn4711", "Secret99"), "row 2, column mrn"),
        (GIVEN.replace("email_encrypted", "email_unencrypted").replace(",1,", ",,"), "column warning_version"),
        (GIVEN.replace("ada@example.net", "Secret"), "column address"),
    ],
)
def test_bad_consents_are_2_all_or_none(gate, text, said):
    imported(gate, "patient", HEAD + ADA)
    answer = imported(gate, "consent", CONSENTS + GIVEN.replace("link", "smime") + text)
    assert answer.status == 2
    assert said.replace("row 2", "row 3") in answer.err
    assert "Secret" not in answer.err
    assert gate("consent", "list", "--json").rows == []


def test_adding_and_revoking(gate):
    imported(gate, "patient", HEAD + ADA)
    assert (
        gate(
            "consent",
            "add",
            "MRN-4711",
            "--kind",
            "email_encrypted",
            "--address",
            "Ada@Example.net",
            "--given-how",
            "telephone",
        ).status
        == 0
    )
    row = gate("consent", "list", "--json").row
    assert (row["address"], row["warning_version"]) == ("ada@example.net", "1")
    assert row["recorded_by"].startswith("cli:")
    assert gate("consent", "revoke", "MRN-4711", "--kind", "email_encrypted").status == 0
    assert gate("consent", "list", "--json").rows == []
    assert [(one["type"], one["in_force"]) for one in gate("consent", "show", "MRN-4711", "--json").rows] == [
        ("given", False),
        ("revoked", False),
    ]
    for options in (
        ["--method", "pigeon"],
        ["--given-on", "2999-01-01"],
        ["--address", "nowhere"],
        ["--expires-on", "2020-01-01"],
    ):
        assert gate("consent", "add", "MRN-4711", "--kind", "email_encrypted", *options).status == 2


def test_every_change_is_in_the_log_without_names(gate):
    imported(gate, "patient", HEAD + ADA)
    gate("consent", "add", "MRN-4711", "--kind", "email_encrypted")
    rows = gate("audit", "list", "--json").rows
    assert [one["event"] for one in rows[-2:]] == ["register_changed", "consent_given"]
    assert all(one["actor"].startswith("cli:") for one in rows[-2:])
    assert "Quill" not in json.dumps(rows)
    assert "MRN-4711" not in json.dumps(rows)
