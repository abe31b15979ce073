"""Numbers that identify nobody stay: doses, laboratory values, vital signs, codes of public lists, money, times, scores."""

from __future__ import annotations

import pytest

from gateway.domain.finding import Kind, TextPart
from gateway.phi.scan import Scanner

STAYS: dict[str, str] = {
    "doses": """metformin 500 mg twice daily; metformin 1000 mg BID; lisinopril 10 mg po qd; levothyroxine 112 mcg daily; insulin glargine 22 units at bedtime
amoxicillin 875-125 mg; Augmentin 875/125 mg x 10 days; vancomycin 1250 mg IV q12h; heparin 5000 units SC; heparin 25,000 units in 250 mL
0.9% NaCl 1000 mL at 125 mL/hr; Lasix 40 mg IV x1; potassium chloride 20 mEq; prednisone 60-40-20 mg taper; albuterol 2.5 mg/3 mL; morphine 2-4 mg IV prn
Order: 1000 mL normal saline; Order 500 mg cefazolin; dispense #30; Disp: 90 tablets; Refills: 3; take 2 tablets x 7 days; warfarin 2.5 mg M/W/F
epinephrine 1:1000; epinephrine 1:10,000; lidocaine 1%; hydrocodone-acetaminophen 5-325 mg; Norco 10/325; Advair 250/50; ferrous sulfate 325 mg
vitamin D 50,000 IU weekly; enoxaparin 1 mg/kg; 12.5 mg; 0.25 mg; 1500 mg/day; max 4000 mg per day; 3 x 400 mg; insulin 70/30; Humalog 75/25""",
    "laboratory values": """WBC 11.2; Hgb 13.4 g/dL; Hct 39.8%; platelets 245; Plt 245,000; Na 138; K 4.1; Cl 102; CO2 24; BUN 18; creatinine 1.02 mg/dL; glucose 142 mg/dL
A1c 7.2%; HbA1c of 9.1; LDL 131; HDL 45; triglycerides 188; TSH 2.41 mIU/L; INR 2.3; PT 13.1; PTT 31; troponin 0.04 ng/mL; BNP 1250 pg/mL; BNP 12500
ferritin 12; B12 412 pg/mL; vitamin D 25-OH 31 ng/mL; PSA 4.2; CK 2450 U/L; AST 34; ALT 41; alk phos 88; lipase 3450; lactate 2.1; CRP 12.4 mg/L; ESR 44
reference range 135-145; reference range 3.5-5.1; (normal 4.0-10.5); ref 150-450; range 70-100 mg/dL; 135 - 145 mmol/L; 4,500-11,000/mm3
CD4 count 350 cells; viral load 45,000 copies/mL; viral load 1250000 copies/mL; RBC 4.52; MCV 89.1; urine pH 6.0; specific gravity 1.015; 5-10 WBC/hpf
eGFR 58; anion gap 12; MRN pending; free T4 1.12; D-dimer 450; sodium 128 to 131; Hgb 7.9 to 8.4 to 9.1; colony count 100000; >100,000 CFU/mL""",
    "vital signs": """BP 128/76; BP 120/80 mmHg; blood pressure 142/88; HR 72; pulse 88 and regular; RR 16; temp 98.6; T 37.2 C; temperature 101.3 F; SpO2 97% on room air
weight 182 lbs; Wt 82.6 kg; height 5'10"; Ht 178 cm; BMI 27.4; vitals 120/80, 72, 16, 98.6; O2 sat 94-96%; 2 L nasal cannula; T 36.8 P 64 R 14 BP 110/70
BP 90/60 supine and 80/50 standing; heart rate 110-120; PEEP 5; FiO2 40%; tidal volume 450; EF 55-60%; CVP 8; MAP 65; glucose 97 fasting""",
    "scores": """GCS 15; GCS 3T; pain 10/10; pain 7/10; strength 5/5 in all extremities; reflexes 2+ and symmetric; Apgar 8 and 9; Apgars 8/9; vision 20/20; 20/40 OD
PHQ-9 score 14; PHQ-9 of 21; GAD-7: 12; MoCA 26/30; MMSE 28/30; CHA2DS2-VASc 4; MELD 17; ASA 3; NYHA class II; Wells score 4.5; Braden 18
ECOG 1; Gleason 3+4=7; Gleason 7; stage IIIB; Karnofsky 90; HEART score 3; NIHSS 4; ejection fraction 60%; grade 2/6 murmur; Mallampati 2""",
    "codes of public lists": """CPT 99213; CPT 99214-25; CPT code 93306; HCPCS J1100; HCPCS G0439; ICD-10 E11.9; ICD-10 Z79.4; I10; M54.50; F32.1; ICD-9 250.00; DRG 470; DRG 291
LOINC 4548-4; LOINC 2345-7; LOINC 718-7; SNOMED 44054006; NDC 0591-3740-01; RxNorm 860975; CVX 140; POS 11; modifier 25; revenue code 0450
HCPCS A0428; CPT 70553; place of service 22; taxonomy 207Q00000X; ICD-10-CM S72.001A; CPT 36415 and 80053; DSM-5 296.32; ISO 9001; RFC 5322; ISBN 978-0-306-40615-7""",
    "money": """$125.00; $1,250.00; a copay of $40; balance $2,310.55; total charges $12,450; 80/20 coinsurance; deductible 1500 dollars; $0.00 due; paid 250 USD; EUR 450
out-of-pocket maximum $6,850; $15 per visit; fee of $35.00; 20% coinsurance; $4,000,000 budget; cost 12 dollars; invoice total: $312.40""",
    "shares and counts": """45% of patients; 12.5%; 3 of 4 visits; 2/3 of them; 250 patients; 1,200 visits; 3 children; 10 to 15 minutes; 2 weeks; 6 months; 12 hours; 30 days
n=245; p<0.001; p = 0.034; 95% CI 1.2-3.4; OR 2.31; HR 0.78 (0.61-0.99); 15,000 people; 1 in 68; twice a day; 3x daily; q6h; every 4-6 hours; x 14 days
group 2 of 3; group 1: 250 patients; phase 3 trial of 1200 patients; case 4 of 12; 40 cases; visit 3 of 6; unit 4; order 2; plan 1; policy 4; record 12""",
    "times and years": """at 10:30 AM; 8 a.m. to 5 p.m.; 14:05; 08:00-17:00; in 2019; since 1998; 2015-2020; the 1990s; FY 2025; from 2008 to 2012; class of 1987; 2026 budget
open Monday to Friday; Monday - Friday 8-5; noon; 24/7; 12 hours ago; yesterday; tomorrow; next week; last month; two days ago; in three weeks; every Tuesday
a year ago; quarterly; this morning; the other day; last night; next year; end of the week; in the spring; for 20 years; 15 minutes late""",
    "places in texts and buildings": """page 4 of 12; page 1/3; Room 214; room 12; exam room 3; bed 12B; floor 3; chapter 12; section 4.2; Table 3; Figure 2; step 4; item 12; line 40
version 2.1.10; version 10.0.3; v3.14; v1.2.3.4; build 19041; Windows 11; release 24.04; firmware 4.2.1; section 3.2.1; 45 CFR 164.514; 42 CFR Part 2; Title 45
article 12; paragraph 7; question 14; appendix 2; slide 23; line 1040; form 1040; form 1500; CMS-1500; UB-04; W-2; W-9; form 8850; part 2""",
    "measurements": """4 mm nodule; 1.2 x 0.8 cm; 3.4 x 2.1 x 1.9 cm; 2.5 cm mass; 5 inches; 12 cm; 10 French catheter; 18 gauge; 22G; 20/30 mmHg; 500 cc; 1500 mL blood loss
L4-5; L5-S1; C5-C6; T12; S1; MCA M1; CN II-XII; type 2 diabetes; stage 3 CKD; grade 2; 2nd degree; 10-0 nylon; 3-0 Vicryl; 4x4 gauze; 6 MV photons; 5040 cGy
45 Gy in 25 fractions; 120 kVp; 1.5 T MRI; 8-12 Hz; 250 steps; 6 feet; 30 degrees; 0-120 degrees; 1:2 ratio; HLA-B27; CYP2D6; BRCA1; p53; CA 19-9; IL-6""",
    "ages and class of ages": """a 72-year-old man; 45 y/o female; aged 89; age 65; a 3 year old; 18 months old; ages 18-64; patients aged 90 and over; 90 or older; age 90+; 65+; under 18
in his 60s; in her 80s; octogenarian; 89 años; at age 50; 40 years old; 8 weeks old; teens; women over 50; 55M with chest pain; 63F; turned 40""",
    "words after labels": """the MRN field is blank; Account: see front desk; Policy: no smoking; Member: active; ID required; Phone: none; Fax: n/a; license: pending; Group: family therapy
SSN: not given; Claim: denied; VIN: unknown; Case closed; Order placed; Visit type: new; the account number is on file; login: please use your badge; NPI: pending
call 911; dial 9; text STOP to 55; ext. 12; press 1; patient 4; unit 2; bed 3; chart: reviewed; plan: follow up; license to drive; card games; username and password; user friendly
serial casting; serial 7s; serial exams x 3; implant 12 mm; pump at 10 mL/hr; plate 4 holes; plates and 6 screws; tag team; device 2; pacemaker rate 60; group of 12; policy of 2019""",
}  # fmt: skip
CASES = [
    (topic, case.strip())
    for topic, lines in STAYS.items()
    for line in lines.splitlines()
    for case in line.split("; ")
    if case.strip()
]
_OUTSIDE = {Kind.ORGANIZATION, Kind.HEALTH_TERM}
_FRAMES = ("{}", "Today: {}.", "We noted {}, as before.", "- {}\n")


def test_there_are_several_hundred() -> None:
    assert len(CASES) > 400
    assert len({case for _, case in CASES}) > 400


@pytest.mark.parametrize(("topic", "case"), CASES, ids=[case for _, case in CASES])
def test_stays(scanner: Scanner, topic: str, case: str) -> None:
    for frame in _FRAMES:
        text = frame.format(case)
        report = scanner.scan([TextPart("body.plain", text)])
        masked = [
            (one.kind.value, text[one.start : one.end], one.by) for one in report.findings
            if one.kind not in _OUTSIDE and any(map(str.isdigit, text[one.start : one.end]))
        ]  # fmt: skip
        assert report.complete
        assert masked == []
