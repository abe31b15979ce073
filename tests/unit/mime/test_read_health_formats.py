"""HL7 v2, X12, FHIR and C-CDA: every field with its name, and the text as it stands beside it; DICOM with its pixels."""

from __future__ import annotations

import base64
import io
import json
import os

import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from gateway.domain.finding import GapReason
from gateway.mime.documents import Budget, read
from gateway.mime.documents.instruments import Instruments
from gateway.mime.limits import Limits
from gateway.mime.parse import parse_stream
from gateway.mime.text import texts as mail_texts
from gateway.mime.tree import MemorySink
from tests.support.identified import THIRTEEN, missing_from
from tests.unit.mime.test_read_images import drawn

PART = "attachment:f"

HL7 = r"""MSH|^~\&|LAB|WILLOW|EHR|OAK|20200102030405||ORU^R01|4|P|2.5
PID|1||4471203^^^WILLOW^MR~900-12-3467^^^USA^SS||Roe^Patricia^Q^Jr||19610314|F|||12 Willow Lane^^Springfield^IL^62704||^PRN^PH^^^555^5550142|||||88120347|900-12-3467|D4402917
NK1|1|Roe^Juan|SPO|12 Willow Lane^^Springfield^IL^62704|(555) 555-0139
IN1|1|PLAN||Oak Mutual||||||||||||Roe^Juan||19590101||||||||||||||||||XKF904417823
PV1|1|I|2W^201^A||||1234567893^Vask^Imre^^^Dr
OBX|1|TX|NOTE||pat.roe@example.org \T\ 7KZR442~https://portal.example.org/p/90817||||||F
OBX|2|ED|PDF||^TEXT^^Base64^{packed}||||||F
""".replace("\n", "\r")

X12 = (
    "ISA*00*          *00*          *ZZ*WILLOW         *ZZ*OAK            *200102*1253*^*00501*000000905*0*P*:~"
    "GS*HC*A*B*20200102*0802*1*X*005010X222A1~ST*837*0021*005010X222A1~"
    "NM1*IL*1*ROE*PATRICIA*Q***MI*XKF904417823~N3*12 WILLOW LANE~N4*SPRINGFIELD*IL*627041234~DMG*D8*19610314*F~"
    "REF*SY*900123467~REF*EA*4471203~PER*IC*JUAN ROE*TE*5555550142*EM*pat.roe@example.org*FX*5555550139~"
    "CLM*88120347*79.3***11:B:1*Y*A*Y*I*P~HI*BK:J0300~DTP*472*RD8*20200102-20200103~NTE*ADD*Plate 7KZR442~SE*9*0021~"
)

FHIR = {
    "resourceType": "Bundle",
    "entry": [
        {"resource": {
            "resourceType": "Patient", "birthDate": "1961-03-14",
            "identifier": [
                {"type": {"coding": [{"code": "MR"}]}, "value": "4471203"},
                {"system": "http://hl7.org/fhir/sid/us-ssn", "value": "900-12-3467"},
                {"type": {"text": "Plate"}, "value": "7KZR442"},
            ],
            "name": [{"family": "Roe", "given": ["Patricia"]}],
            "telecom": [{"system": "phone", "value": "(555) 555-0142"}, {"system": "fax", "value": "(555) 555-0139"},
                        {"system": "email", "value": "pat.roe@example.org"}],
            "address": [{"line": ["12 Willow Lane"], "city": "Springfield", "state": "IL", "postalCode": "62704"}],
            "text": {"div": "<div>Account: 88120347 <b>License: D4402917</b></div>"},
            "contact": [{"name": {"family": "Roe", "given": ["Juan"]}}],
        }},
        {"resource": {"resourceType": "Coverage", "subscriberId": "XKF904417823"}},
        {"resource": {"resourceType": "Binary", "contentType": "text/plain",
                      "data": base64.b64encode(b"Visit: https://portal.example.org/p/90817").decode()}},
    ],
}  # fmt: skip

CDA = """<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"><effectiveTime value="20200102"/><recordTarget><patientRole>
<id root="1.2.3" extension="4471203"/><id root="2.16.840.1.113883.4.1" extension="900-12-3467"/>
<addr><streetAddressLine>12 Willow Lane</streetAddressLine><city>Springfield</city><state>IL</state><postalCode>62704</postalCode></addr>
<telecom value="tel:(555) 555-0142"/><telecom value="fax:(555) 555-0139"/><telecom value="mailto:pat.roe@example.org"/>
<patient><name><given>Patricia</given><family>Roe</family></name><birthTime value="19610314"/></patient></patientRole></recordTarget>
<author><assignedAuthor><assignedPerson><name><given>Imre</given><family>Vask</family></name></assignedPerson></assignedAuthor></author>
<component><section><title>Notes</title><text><table><tr><td>Member ID</td><td>XKF904417823</td></tr></table>Account: 88120347
<paragraph>License: D4402917</paragraph></text><entry><observation><code displayName="Plate 7KZR442"/></observation></entry></section></component>
<component><nonXMLBody><text mediaType="text/plain" representation="B64">%s</text></nonXMLBody></component></ClinicalDocument>"""
CDA %= base64.b64encode(b"Visit: https://portal.example.org/p/90817").decode()


def opened(data: bytes, budget: Budget | None = None) -> tuple[dict[str, str], set[GapReason]]:
    texts, gaps = read(PART, "", "a.txt", data, budget or Budget())
    assert all(each.part == PART or each.part.startswith(f"{PART}/") for each in (*texts, *gaps))
    return {each.part: each.text for each in texts}, {each.reason for each in gaps}


def has(text: str, *lines: str) -> None:
    shown = {one.strip() for one in text.splitlines()}
    assert [line for line in lines if line not in shown] == []


def test_hl7():
    data = HL7.replace("{packed}", base64.b64encode(b"Note of Dr. Oluwa Brandt").decode())
    texts, gaps = opened(data.encode())
    assert gaps == set()
    assert texts[PART] == data
    has(texts[f"{PART}/fields"], "Patient name: Patricia Q Roe Jr", "Date of birth: 03/14/1961", "SSN: 900-12-3467 USA SS",
        "Address: 12 Willow Lane, Springfield, IL 62704", "Account number: 88120347", "Driver's license number: D4402917",
        "Policy number: XKF904417823", "Next of kin name: Juan Roe", "Insured name: Juan Roe", "Attending doctor: Dr. Imre Vask ID 1234567893",
        "Value: pat.roe@example.org & 7KZR442", "Value: https://portal.example.org/p/90817")  # fmt: skip
    assert "MRN: 4471203 WILLOW MR" in texts[f"{PART}/fields"]
    assert texts[f"{PART}/file-1"] == "Note of Dr. Oluwa Brandt"


def test_x12():
    texts, gaps = opened(X12.encode())
    assert (texts[PART], gaps) == (X12, set())
    has(texts[f"{PART}/fields"], "Insured name: PATRICIA Q ROE", "Member ID: XKF904417823", "Address: 12 WILLOW LANE",
        "Address: SPRINGFIELD, IL 62704-1234", "Date of birth: 03/14/1961", "SSN: 900123467", "MRN: 4471203", "Contact name: JUAN ROE",
        "Phone: 5555550142", "Email: pat.roe@example.org", "Fax: 5555550139", "Patient account number: 88120347",
        "Diagnosis: BK J0300", "Service date: 01/02/2020 - 01/03/2020", "Note: ADD Plate 7KZR442")  # fmt: skip


@pytest.mark.parametrize("form", ["whole", "lines"])
def test_fhir(form):
    data = json.dumps(FHIR) if form == "whole" else "\n".join(json.dumps(each["resource"]) for each in FHIR["entry"])
    texts, gaps = opened(data.encode())
    assert (texts[PART], gaps) == (data, set())
    assert missing_from("\n".join(texts.values()).replace("1961-03-14", "03/14/1961")) == []
    has(texts[f"{PART}/fields"], "Patient name: Patricia Roe", "Date of birth: 1961-03-14", "MRN: 4471203", "SSN: 900-12-3467",
        "Address: 12 Willow Lane, Springfield, IL 62704", "Phone: (555) 555-0142", "Fax: (555) 555-0139", "Patient name: Juan Roe",
        "Subscriber id: XKF904417823")  # fmt: skip


def test_cda():
    texts, gaps = opened(CDA.encode())
    assert (texts[PART], gaps) == (CDA, set())
    assert missing_from("\n".join(texts.values())) == []
    has(texts[f"{PART}/fields"], "MRN: 4471203", "SSN: 900-12-3467", "Patient name: Patricia Roe", "Date of birth: 03/14/1961",
        "Address: 12 Willow Lane, Springfield, IL 62704", "Phone: (555) 555-0142", "Dr.: Imre Vask", "Date: 01/02/2020")  # fmt: skip


def test_as_attachment_they_are_documents_and_in_a_letter_text():
    attached = (
        b"Content-Type: text/plain; name=a.hl7\nContent-Disposition: attachment; filename=a.hl7\n\n" + HL7.encode()
    )
    found = mail_texts(parse_stream([attached], MemorySink(), Limits()), Limits())
    assert [each.name for each in found.specimens] == ["attachment:a.hl7"]
    found = mail_texts(parse_stream([b"Content-Type: text/plain\n\n" + HL7.encode()], MemorySink(), Limits()), Limits())
    assert not found.specimens


@pytest.mark.parametrize("data", [
    b'{"resourceType": "Patient"', b'{"resourceType":"x","a":' + b"[" * 100_000,
    b"<ClinicalDocument xmlns='urn:hl7-org:v3'><a>", b"<!DOCTYPE a [<!ENTITY b 'c'>]><ClinicalDocument xmlns='urn:hl7-org:v3'>&b;</ClinicalDocument>",
    bytes(128) + b"DICM" + b"\xff" * 40,
])  # fmt: skip
def test_damage_is_a_gap(data):
    assert opened(data)[1] <= {GapReason.MALFORMED, GapReason.UNKNOWN_TYPE}
    assert opened(data)[1]


def test_huge_counts_are_gaps():
    assert opened(b"MSH|^~\\&|\r" + b"NTE|1|x\r" * 100_001)[1] == {GapReason.TOO_LARGE}
    assert opened(X12.encode() + b"NTE*A~" * 200_001)[1] == {GapReason.TOO_LARGE}
    assert GapReason.MALFORMED in opened(b"MSH|^~\\&|\rOBX|1|ED|PDF||^TEXT^^Base64^%%%%|\r")[1]


def image(lines: tuple[str, ...] = (), *, bits: int = 8, frames: int = 1) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    found = FileDataset("a", {}, file_meta=meta, preamble=bytes(128))
    found.PatientName = "Roe^Patricia"
    found.PatientBirthDate, found.PatientID, found.AccessionNumber = "19610314", "4471203", "88120347"
    found.PatientAddress, found.PatientTelephoneNumbers = "12 Willow Lane, Springfield, IL 62704", "(555) 555-0142"
    found.ReferringPhysicianName, found.ImageComments = "Vask^Imre", "pat.roe@example.org, (555) 555-0139"
    inner = pydicom.Dataset()
    inner.RequestedProcedureDescription = "License: D4402917"
    inner.PatientInsurancePlanCodeSequence = [pydicom.Dataset()]
    inner.PatientInsurancePlanCodeSequence[0].CodeMeaning = "XKF904417823"
    found.RequestAttributesSequence = [inner]
    block = found.private_block(0x0011, "WILLOW", create=True)
    block.add_new(0x01, "LO", "900-12-3467")
    block.add_new(0x02, "UN", b"\x01\x027KZR442\x00 https://portal.example.org/p/90817")
    picture = drawn(lines, (500, 200), 24).point(lambda level: 255 - level)
    found.Rows, found.Columns = picture.height, picture.width
    found.SamplesPerPixel, found.PhotometricInterpretation, found.PixelRepresentation = 1, "MONOCHROME2", 0
    found.BitsAllocated = found.BitsStored = bits
    found.HighBit = bits - 1
    one = picture.tobytes() if bits == 8 else b"".join(level.to_bytes(2, "little") for level in picture.tobytes())
    found.NumberOfFrames = frames
    found.PixelData = one * frames
    return found


def saved(dataset: FileDataset) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()


def test_dicom_headers():
    texts, gaps = opened(saved(image()))
    assert (missing_from(texts[PART]), gaps) == ([], set())
    has(texts[PART], "Patient name: Patricia Roe", "Date of birth: 03/14/1961", "MRN: 4471203")
    assert "Imre Vask" in texts[PART]


@pytest.mark.parametrize("bits", [8, 16])
def test_words_burned_into_dicom_pixels(bits):
    os.environ["OMP_THREAD_LIMIT"] = "1"
    eyes = Instruments.load()
    if eyes.ocr is None:
        pytest.skip("NO TESSERACT: pictures are gaps on this machine")
    texts, gaps = opened(saved(image(("Burned: Oluwa Brandt",), bits=bits, frames=2)), Budget(instruments=eyes))
    assert ("Oluwa Brandt" in texts[PART], gaps) == (True, set())
    assert opened(saved(image(THIRTEEN[:1], bits=bits)))[1] == {GapReason.NO_TEXT}
    assert opened(saved(image(THIRTEEN[:1], bits=bits, frames=9)), Budget(instruments=eyes))[1] == {GapReason.TOO_LARGE}


def test_a_document_in_dicom_and_truncated_files():
    held = image()
    held.EncapsulatedDocument = b"Patient: Oluwa Brandt"
    assert opened(saved(held))[0][f"{PART}/document"] == "Patient: Oluwa Brandt"
    data = saved(image(THIRTEEN[:2]))
    for share in (0.2, 0.5, 0.9):
        assert opened(data[: int(len(data) * share)])[1]
