"""More of the open half: further surroundings, further words, and the ways in which forms and programs write a word.

Written to make the open half as wide as the world, so that rules which hold here hold where nobody looked. Nothing in here
is a word or a surrounding of the locked half.
"""

from __future__ import annotations

from random import Random

CONTEXTS = (
    "{l}; {v}", "{l} / {v}", "{l} : {v} ;", "{l}:\u2003{v}", "{l} ({v}), please", "<{l}>{v}</{l}>", "{l}*{v}*", "{l} is no longer {v}", "The {l} on her card reads {v}.",
    "{l} which you gave us is {v}", "I think the {l} is {v} but check", "What we have: {l} {v}", "her {l}, which is {v}, expired", "Use {v} as her {l}.", "{v} was the {l} then",
    "{v} - {l}", "{v} = {l}", "{v} is the patient's {l}.", "{v} as your {l}", "{l} starts with {v}", "both {l} {v} and {l} {v2}", "No {l} other than {v} exists.",
    "{l}__{v}__", "`{l}: {v}`", "{l}\r\n\r\n{v}\r\n", "| **{l}** | `{v}` |", "<li>{l}: <i>{v}</i></li>", "<dt>{l}</dt><dd>{v}</dd>", "<input name=\"{l}\" value=\"{v}\">", "{l}%3A {v}",
    "{{\"type\": \"{l}\", \"value\": \"{v}\"}}", "{l}: - {v}", "[x] {l}: {v}", "a) {l}: {v}", "{l}:{v}; seen by RN", "/{l}: {v}/", "{l} >> {v}", "{l} ~ {v}", "{l}___{v}", "{l}: _{v}_",
    "Please note that the {l} for the above patient is {v}.", "Can you look up {l} {v} for me?", "Thank you, {l} {v} is the one.", "Got it. {l} {v}", "RE: {l} {v} / Okparra", "FW: {l} - {v}",
    "{l} of the patient: {v}", "{l} (as on card) {v}", "{l} (old or new): {v}", "{l}, if any: {v}", "{l} [required]: {v}", "{l}!\n{v}", "{l} given as {v}", "{l} entered as {v} in error",
    "patient;{l}\nOkparra;{v}", "patient\t{l}\nOkparra\t{v}\nHuxfield\t{v2}", "{l},sex\n{v},F", "{l} | sex\n{v} | F", "Sex: F; {l}: {v}; Room: 3B", "Sex F {l} {v} Room 3B", "El {l} es {v}.", "su {l}: {v}",
    "We found {v} under her {l}", "He wrote {v} for {l}", "{l}\n  {v}", "{l}:\n\n  {v}\n", "{l} = {v}, sex = F", "{l}={v}&sex=F", "--{l} {v} --sex F", "Q. {l}?\nAnswer: {v}", "{l}'s: {v}", "all {l}s: {v} and {v2}", "{l}(s): {v}", "{l} - old: {v}", "{l} \u2013 new \u2013 {v}",
)  # fmt: skip
ALONE = (
    "F,{v},Troy", "Troy,F,{v}", "12;{v};13", "k={v}", "{v} or {v2}", "{v}\u2026", "#{v}", "({v}/{v2})", "{v} \u2013 {v2}", "\u2022 {v}", "> > {v}\n>", "2) {v}", "*{v}*", "_{v}_", "`{v}`", "{v}\r\n",
    "<td>{v}</td>", "\"x\": \"{v}\"", "{v}, {v2}", "{v} & {v2}", "ok {v} thx", "Ruth {v}", "{v} Ruth Okparra", "to {v}!", "A: {v}", "\u2014{v}\u2014",
)  # fmt: skip
LABELS: dict[str, tuple[str, ...]] = {
    "mrn": ("M.R.N.", "Med. record", "Medical rec. no.", "Health record number", "Hospital ID", "Clinic number", "Pat. no.", "patient no", "Chart ID", "Chart", "Facility MRN", "NHC", "historia clínica no.", "Epic MRN", "Patient identifier", "Record ID"),
    "ssn": ("S.S.N.", "Soc Sec Number", "social security num", "Social", "SS No.", "NSS", "seguro social", "Patient's SSN", "social sec. number"),
    "mbi": ("Medicare", "Medicare card number", "new Medicare number", "MBI number", "Medicare beneficiary no."),
    "member_id": ("Member no.", "Subscriber number", "Insurance number", "Insurance card number", "Plan member ID", "Medi-Cal ID", "Enrollee ID", "Policyholder ID", "Aetna ID", "Medicaid number", "número de asegurado", "Insured ID"),
    "group": ("Grp no.", "Grp number", "Employer group number", "Plan group", "número de grupo"),
    "policy": ("Policy", "Insurance policy number", "Pol. number", "Policyholder number", "póliza", "Policy ref."),
    "phone": ("Contact number", "Daytime phone", "Evening phone", "Tel. no.", "Phone no.", "Cellphone", "Direct line", "Mobile number", "tel", "celular", "Next of kin phone", "Telephone no.", "Callback number"),
    "phone_labelled": ("Phone no.", "Cell phone", "Tel. no.", "Mobile phone", "Direct phone", "celular", "Daytime phone"),
    "phone_abroad": ("Phone no.", "Mobile number", "Tel.", "celular", "Telefon"),
    "fax": ("Fax line", "Facsimile number", "Office fax", "Fax at", "Telefax"),
    "email": ("E-Mail Address", "mailto", "email id", "correo"),
    "account": ("Acct number", "Account ID", "Patient acct", "Bank account number", "Savings account", "A/C", "Billing account no.", "cuenta", "Account num", "Hospital account", "Acct no", "Customer account"),
    "iban": ("IBAN number", "iban code", "Bank account no."),
    "routing": ("Routing #", "ABA number", "ABA no.", "Bank routing no.", "Routing"),
    "payment_card": ("Card #", "CC number", "Visa card", "Credit card number", "Debit card number", "American Express", "tarjeta de crédito"),
    "npi": ("NPI ID", "Individual NPI", "Group NPI", "National Provider ID", "Referring NPI"),
    "dea": ("DEA Number", "DEA registration number", "Prescriber DEA", "DEA lic."),
    "state_licence": ("Licence number", "Medical license no.", "Professional license", "State license #", "License ID", "Physician license number", "RN lic.", "licencia profesional", "Pharmacist license", "PT license", "License", "cédula profesional"),
    "driver_licence": ("Driver's license number", "Drivers license", "DL no.", "Driver lic. #", "D.L.", "Driver's lic", "CDL", "licencia de manejo", "Driving licence", "State ID number"),
    "udi": ("UDI number", "Device identifier (DI)", "UDI code", "GS1 UDI"),
    "serial": ("Serial num", "Ser. #", "Serial number (SN)", "Device serial no.", "Defibrillator serial", "Pump serial number", "S.N.", "Generator serial", "serie"),
    "mac": ("MAC addr", "mac_address", "Ethernet address", "Wi-Fi MAC"),
    "vin": ("VIN number", "V.I.N.", "Vehicle identification no.", "vehicle ID number", "Vin code"),
    "plate": ("License plate number", "Plates", "License plate no.", "Car plate", "Tag #", "Number plate", "placas", "Lic. plate", "Vehicle tag"),
    "ipv4": ("IP addr", "Remote IP", "ip_address", "Login IP"), "ipv6": ("IP addr", "Remote IP", "ip_address"),
    "url": ("Web", "Web site", "Webpage", "enlace"),
    "claim": ("Claim", "Claim num", "Insurance claim number", "Claim reference", "WC claim #", "reclamo no.", "Claim file number"),
    "encounter": ("Encounter", "Visit #", "Encounter no.", "Hospital visit number", "Contact serial number", "Account/visit number"),
    "accession": ("Accession no.", "Acc #", "Accession ID", "Specimen #", "Sample no.", "Lab accession", "Case accession number", "Path number"),
    "prescription": ("Rx", "Prescription #", "Prescription ID", "receta no.", "Rx num"),
    "passport": ("Passport ID", "Passport num", "Passport book number", "número de pasaporte"),
    "case": ("Case", "Court case number", "Case num", "Legal case no.", "Case reference number", "Docket number", "Docket #", "caso no.", "Cause number"),
    "order": ("Order", "Lab order number", "Order num", "Purchase order", "Work order number", "Invoice number", "Confirmation no.", "Ticket number", "Reference number"),
    "authorization": ("Auth number", "Authorization", "Auth #", "Prior authorization number", "Preauthorization no.", "Approval number", "autorización no.", "Referral #"),
    "employee": ("Emp ID", "Employee no.", "Staff number", "Personnel number", "Worker ID", "empleado no.", "Clock number", "Payroll number"),
    "tax_id": ("Tax ID number", "Taxpayer ID", "EIN number", "Fed. tax ID", "Tax number"),
    "uuid": ("Session ID", "Correlation ID", "Trace id", "Patient UUID", "resource id"),
    "username": ("User account", "Portal user", "Portal username", "Logon", "Login name", "Sign-in name", "Login ID", "Profile name", "nombre de usuario", "signed in as", "Alias", "user_name"),
    "handle": ("Instagram handle", "X/Twitter", "Snapchat", "Mastodon", "social handle", "Tik Tok"),
    "biometric": ("Fingerprint", "Fingerprint no.", "Voice print", "Biometric template ID", "Iris template", "Palm print ID", "huella no.", "Retinal scan", "Facial template ID"),
    "photo": ("Photo attached", "Picture of the patient", "Selfie", "photos", "Image of her face"),
}  # fmt: skip


def written(label: str, rng: Random) -> str:
    """The label as people in a hurry, forms and programs write it."""
    words = label.replace("'", "").replace("/", " ").replace("#", "Number").replace(".", "").replace("-", " ").split()
    camel = words[0].lower() + "".join(one.title() for one in words[1:])
    return rng.choice((
        label, label, label, label, label.lower(), label.upper(), label.title(), label.replace(" ", "_"), label.lower().replace(" ", "_"), label.lower().replace(" ", "-"), camel,
        label.replace(" ", "  "), label.removesuffix("."), label.upper().replace(" ", "_"),
    ))  # fmt: skip
