"""Every reason code with its sentence, in plain words and without anything of the mail. One table, kept whole by a test."""

from __future__ import annotations

from collections.abc import Mapping

from gateway.domain.decision import HoldReason, Method
from gateway.domain.finding import GapReason, Kind, SensitiveClass
from gateway.domain.threat import ThreatKind

_KINDS: Mapping[Kind, str] = {
    Kind.NAME: "a person's name", Kind.LOCATION: "an address or place of care", Kind.DATE: "a date about a person",
    Kind.AGE: "an age over 89", Kind.PHONE: "a phone number", Kind.FAX: "a fax number",
    Kind.EMAIL: "an e-mail address", Kind.SSN: "a Social Security number", Kind.MRN: "a medical record number",
    Kind.HEALTH_PLAN: "a health plan number", Kind.ACCOUNT: "an account number", Kind.LICENSE: "a licence number",
    Kind.VEHICLE: "a vehicle number", Kind.DEVICE: "a device number", Kind.URL: "a web address",
    Kind.IP: "a network address", Kind.BIOMETRIC: "a biometric identifier", Kind.PHOTO: "a photograph",
    Kind.OTHER_ID: "another identifying number", Kind.HEALTH_TERM: "words about health",
    Kind.PAYMENT_CARD: "a payment card number", Kind.ORGANIZATION: "an organisation",
}  # fmt: skip

_GAPS: Mapping[GapReason, str] = {
    GapReason.TOO_LARGE: "a part was too large to read",
    GapReason.TOO_MANY_PARTS: "it has too many parts to read",
    GapReason.TOO_DEEP: "its parts are nested too deeply to read",
    GapReason.MALFORMED: "a part is malformed",
    GapReason.AMBIGUOUS: "a part can be read in two ways",
    GapReason.ENCRYPTED: "a part is encrypted or has a password",
    GapReason.UNKNOWN_TYPE: "an attachment is of a kind that cannot be read",
    GapReason.UNDECODABLE: "a part could not be decoded",
    GapReason.NO_TEXT: "an attachment has no readable text (a scan or a picture)",
    GapReason.CRASHED: "the reader failed on an attachment",
    GapReason.TIMED_OUT: "reading an attachment took too long",
    GapReason.OUT_OF_MEMORY: "reading an attachment needed too much memory",
    GapReason.BOMB: "an attachment unpacks to far too much",
    GapReason.SCANNER_FAILED: "the scan itself failed",
    GapReason.NOT_SCANNED: "the virus scanner that the practice requires did not answer",
    GapReason.BEYOND_SCANNER: "a part is more than the virus scanner can look at",
}

_CLASSES: Mapping[SensitiveClass, str] = {
    SensitiveClass.SUBSTANCE_USE: "substance-use treatment", SensitiveClass.PSYCHOTHERAPY: "psychotherapy notes",
    SensitiveClass.MENTAL_HEALTH: "mental health", SensitiveClass.HIV: "HIV", SensitiveClass.REPRODUCTIVE: "reproductive health",
    SensitiveClass.GENETIC: "genetic information", SensitiveClass.MINOR: "a minor",
}  # fmt: skip

_THREATS: Mapping[ThreatKind, str] = {
    ThreatKind.MALWARE: "The virus scanner recognised harmful software in it.",
    ThreatKind.EXECUTABLE: "It holds a program, a script, a shortcut or a disk image, attached or in an archive.",
    ThreatKind.MACRO: "An attached document brings program code (macros), or loads some from elsewhere.",
    ThreatKind.PDF_ACTION: "An attached PDF runs a script or starts something when it is opened.",
    ThreatKind.EMBEDDED: "An attached document has another file packed into it as an object.",
    ThreatKind.DISGUISED_NAME: "A file's name hides what kind of file it is.",
    ThreatKind.TYPE_MISMATCH: "A file is of another kind than its name or label says.",
    ThreatKind.DECEPTIVE_LINK: "The text of a link names one site, and the link leads to another.",
}  # fmt: skip

_FIXED: Mapping[str, str] = {
    "scan.clean": "The scan was complete and found no health information about a person.",
    "scan.incomplete": "The scan could not read everything, so the mail counts as health information.",
    "phi.found": "The mail holds health information about a person.",
    "phi.known_patient": "The mail names a patient of the practice.",
    "patient.none": "No registered patient could be identified in it.",
    "patient.not_recipient": "It is about a patient who is neither the recipient nor somebody the recipient acts for.",
    "consent.email.encrypted": "The patient agreed to protected e-mail at this address.",
    "consent.email.unencrypted": "The patient chose unencrypted e-mail at this address after being told of the risk.",
    "consent.email.missing": "The patient has not yet agreed to e-mail at this address.",
    "consent.email.refused": "The patient said no to e-mail at this address.",
    "consent.email.ended": "The patient's consent to e-mail at this address was revoked, has expired or is for another purpose.",
    "consent.method": "The patient did not agree to any of the methods that are possible here.",
    "partner.treatment": "The recipient is a registered treatment partner; treatment needs no consent (45 CFR 164.506).",
    "partner.payment": "The recipient is a registered partner; payment needs no consent (45 CFR 164.506).",
    "partner.baa_lapsed": "The agreement with this partner has expired.",
    "payer.payment": "The recipient is a registered payer; payment needs no consent (45 CFR 164.506).",
    "recipient.internal": "The recipient works at the practice.",
    "authorization.valid": "The patient's authorization covers this recipient and purpose (45 CFR 164.508).",
    "authorization.missing": "There is no authorization from the patient for this recipient and purpose.",
    "authorization.refused": "The patient refused an authorization for this recipient.",
    "authorization.ended": "The patient's authorization for this recipient was revoked, has expired or is for another purpose.",
    "authorization.defective": "The patient's authorization lacks an element that 45 CFR 164.508(c) asks for.",
    "restriction.no_email": "The patient asked not to be written to by e-mail.",
    "restriction.no_payer": "The patient paid for this in full: nothing may go to a health plan (45 CFR 164.522(a)).",
    "restriction.no_partner": "The practice agreed with the patient not to send to this recipient.",
    "restriction.target_conflict": "A patient asked for a confidential address, but the mail also concerns somebody else.",
    "target.confidential": "It goes to the confidential address that the patient asked for (45 CFR 164.522(b)).",
    "sensitive.psychotherapy.authorization": "Psychotherapy notes need an authorization of their own (45 CFR 164.508(a)(2)).",
    "sensitive.substance_use.consent": "Substance-use records need the patient's consent for this recipient (42 CFR 2.31).",
    "sensitive.genetic.payer": "Genetic information does not go to a payer without a person's review (45 CFR 164.502(a)(5)).",
    "sensitive.minor.proxy": "A minor may have consented to this care alone, so it does not go to the parent by itself.",
    "sensitive.state.consent": "The practice's State rules ask for the patient's consent to send this class of information.",
    "sensitive.practice": "The practice wants this class of information reviewed before it goes to anybody but the patient.",
    "purpose.not_allowed": "The purpose that the sender claimed is not open to this sender for this recipient.",
    "key.smime.valid": "The recipient has a valid S/MIME certificate.",
    "key.smime.expired": "The recipient's S/MIME certificate has expired.",
    "key.smime.untrusted": "The recipient's S/MIME certificate does not serve: it is not for this address or use, or its authority is not trusted.",
    "key.smime.unreachable": "The directory of certificates could not be reached.",
    "key.smime.unsigned": "The author is not one whom the practice's authority vouches for, and has no certificate here to sign with: nothing goes by S/MIME in their name.",
    "key.openpgp.valid": "The recipient has a valid OpenPGP key.",
    "key.openpgp.expired": "The recipient's OpenPGP key, or its part for encryption, has expired.",
    "key.openpgp.untrusted": "The recipient's OpenPGP key does not serve: it is not for this address, was revoked, is weak, or cannot be encrypted to.",
    "key.openpgp.unreachable": "The directory of OpenPGP keys could not be reached.",
    "pdf.phrase": "The password of the PDF is the phrase that the practice agreed on with the patient.",
    "pdf.sms": "The password of the PDF was made for this message and goes to the patient's phone as a text message.",
    "pdf.portal": "The password of the PDF was made for this message and is shown behind a link, to whom a code by phone or from staff "
    "has proved: never by the mailbox where the PDF lies.",
    "pdf.archive": "It is an encrypted archive (ZIP), as asked for.",
    "attachments.large": "Its attachments are larger than the practice sends by mail, so it goes by link.",
    "attachments.no_link": "A link is not among the methods that may carry it.",
    "key.direct.valid": "The recipient has a valid certificate of a Direct community that the practice trusts.",
    "key.direct.expired": "The recipient's Direct certificate has expired.",
    "key.direct.untrusted": "The recipient's Direct certificate does not serve: it is not for this address or use, or its authority is in no community that the practice trusts.",
    "key.direct.unreachable": "The directory of Direct certificates could not be reached.",
    "method.direct": "It goes as Direct: from the practice's Direct address, and the recipient's system is asked to confirm it.",
    "method.impossible": "The method that was asked for, or any protected one, is not possible for this recipient.",
    "tls.not_trusted": "The recipient's mail server cannot be verified, so verified TLS is not possible.",
    "request.method": "The sender asked for this method.",
    "request.secure": "The sender asked for protection with [secure].",
    "request.unreadable.method": "The sender asked for a method that Sealgate does not know.",
    "request.unreadable.purpose": "The sender named a purpose that Sealgate does not know, or two different ones.",
    "request.unreadable.expires": "The sender asked for a time of life that Sealgate cannot read.",
    "sender.not_authorised": "The From address is not one that this sender may use.",
    "released.staff": "A person at the practice released it.",
    "held.staff": "A person at the practice stopped it.",
    "request.weaker": "The sender asked for a weaker method; a request can only strengthen.",
    "rule.method": "A rule of the practice chose the method.",
    "rule.pass": "A rule of the practice, acknowledged in writing, sends mail to this domain unencrypted.",
    "rule.tls": "A rule of the practice sends mail to this partner by verified TLS.",
    "rule.redact": "A rule of the practice sends this recipient a copy in which everything personal that was found is masked, and for which no authorization is asked (45 CFR 164.502(d)).",
    "rule.research": "It is research mail: the practice's own names and numbers are masked too.",
    "redact.impossible": "A rule of the practice asked for a masked copy, and none can be made: a subject that is specially protected, a file that cannot be copied, or something that stays after masking.",
    "rule.hold": "A rule of the practice holds such mail for review.",
    "rule.refuse": "A rule of the practice refuses such mail.",
    "rule.not_allowed": "A rule of the practice asked for less protection than is allowed here; it was not followed.",
    "threat.unscanned": "The practice requires a virus scan of all mail, and it was not made, or not of everything.",
    "rule.default": "No rule allows this mail, so it does not leave.",
}

SENTENCES: Mapping[str, str] = {
    **_FIXED,
    **{f"phi.{kind.value}": f"It contains {words}." for kind, words in _KINDS.items()},
    **{f"scan.gap.{gap.value}": f"It could not be read whole: {words}." for gap, words in _GAPS.items()},
    **{f"threat.{one.value}": words for one, words in _THREATS.items()},
    **{f"class.{one.value}": f"It touches a specially protected subject: {words}." for one, words in _CLASSES.items()},
}
"""Sentence by code; complete for every code that `decide` can give."""

METHODS: Mapping[Method | None, str] = {
    None: "It does not leave.",
    Method.PASS: "It is sent as it was written, unencrypted.",
    Method.REDACT: "It is sent with everything personal that was found masked, attachments as new copies.",
    Method.TLS: "It is sent as it was written, over a connection to the recipient's verified mail server.",
    Method.SMIME: "It is sent encrypted to the recipient's S/MIME certificate.",
    Method.OPENPGP: "It is sent encrypted to the recipient's OpenPGP key.",
    Method.LINK: "It is sent as a secure link; the content opens only through the link.",
    Method.PDF: "It is sent as an encrypted PDF.",
}

TO_DO: Mapping[HoldReason, str] = {
    HoldReason.CONSENT: "Wait for the answer to our question, or record an agreement that was given another way.",
    HoldReason.PATIENT_NOT_RECIPIENT: "Check the recipient's address; send again without what concerns others, or record the recipient as that person's proxy.",
    HoldReason.NO_PATIENT: "Name the patient with [patient:RECORD-NUMBER] in the subject, or register the person, and send again.",
    HoldReason.AUTHORIZATION: "Record a complete authorization for this recipient, or have the privacy officer review it.",
    HoldReason.RESTRICTION: "Do not send this by e-mail; ask the privacy officer if you think that the restriction does not apply.",
    HoldReason.SENSITIVE: "Record the special consent or authorization that this information needs, or have the privacy officer review it.",
    HoldReason.BAA_LAPSED: "Renew the agreement with this partner and record its new dates.",
    HoldReason.PURPOSE: "Send again with a purpose that you may use for this recipient, or with none.",
    HoldReason.NO_METHOD: "Send again without asking for a method, or have the recipient's certificate or OpenPGP key renewed.",
    HoldReason.RULE: "Wait for the person who reviews such mail at the practice.",
    HoldReason.INTEGRITY: "Tell the administrator; the stored decision did not verify.",
    HoldReason.INCOMPLETE: "Send again with attachments that can be read (no password, a usual format), or name the patient with [patient:RECORD-NUMBER] in the subject.",
    HoldReason.THREAT: "If you know the files and links to be good, send again without programs, macros and scripts in files (as a plain PDF, say), with links that lead where their text says; if you do not, tell the administrator and do not open them.",
    HoldReason.UNSCANNED: "Wait: it is tried again by itself. If it is very large, or much in one archive, send it in smaller parts; else tell the administrator that the virus scanner does not answer.",
    HoldReason.DEFAULT: "Have the privacy officer review it; no rule allows this mail.",
}

RECEIPTS: Mapping[HoldReason, str] = {
    HoldReason.CONSENT: "The recipient has not agreed to e-mail at this address.",
    HoldReason.PATIENT_NOT_RECIPIENT: "It concerns somebody who is neither the recipient nor represented by the recipient.",
    HoldReason.NO_PATIENT: "Nobody on the register could be identified in it.",
    HoldReason.AUTHORIZATION: "There is no complete authorization for this recipient.",
    HoldReason.RESTRICTION: "A restriction on record speaks against it.",
    HoldReason.SENSITIVE: "It needs a special agreement or somebody's review.",
    HoldReason.BAA_LAPSED: "The agreement with this partner has expired.",
    HoldReason.PURPOSE: "The purpose that you claimed is not open to you for this recipient.",
    HoldReason.NO_METHOD: "No protected way of sending, or not the one that you asked for, is possible for this recipient.",
    HoldReason.RULE: "A rule of the practice holds such mail.",
    HoldReason.INTEGRITY: "A stored decision did not verify.",
    HoldReason.INCOMPLETE: "It could not be read whole.",
    HoldReason.THREAT: "It carries something that may harm the computer of whoever opens it: a program, code in a document, a file that is not what its name says, or a link that leads elsewhere than its text says.",
    HoldReason.UNSCANNED: "The virus scan that the practice requires could not be made of all of it.",
    HoldReason.DEFAULT: "No rule allows this mail.",
}
"""Reasons for receipts, reminders and DSN, which travel in the open: they name no class and no kind of finding."""

KEY_CLAUSE = "key.because:"
"""Before the clause of a directory's answer, which travels among the reason codes: it is of our own words, never of a mail's."""
_LONGEST_CLAUSE = 200


def key_clause(clause: str) -> str:
    """The code for why a key does not serve. Codes are listed with commas between, so it has none."""
    return KEY_CLAUSE + clause.replace(",", ";")[:_LONGEST_CLAUSE]
