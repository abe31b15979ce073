"""The words around names: titles, suffixes, particles, and what announces a name."""

from __future__ import annotations

TITLES = frozenset((
    "aunt", "capt", "captain", "doctor", "don", "doña", "dr", "dra", "father", "fr", "hon", "judge", "justice", "lt", "madam", "master", "miss",
    "mister", "mr", "mrs", "ms", "mx", "nurse", "officer", "pastor", "prof", "professor", "rabbi", "rev", "reverend", "sen", "senator", "señor",
    "señora", "señorita", "sgt", "sergeant", "detective", "justice", "magistrate", "councilman", "councilwoman", "mayor", "deputy", "sheriff", "sir", "sister", "sr", "sra", "srta", "uncle", "dona", "senor", "senora", "senorita", "herr", "frau", "mme", "grandma", "grandpa", "granny", "grandmother", "grandfather", "abuela", "abuelo", "tía", "tío", "tia", "tio", "auntie", "messrs", "mlle", "monsieur", "madame", "signora", "dña", "lic", "cpl", "pvt", "maj", "gen", "cmdr"
))  # fmt: skip
SUFFIXES = frozenset((
    "esq", "ii", "iii", "iv", "jr", "junior", "senior", "sr"
))  # fmt: skip
SENTENCES_BEGIN = frozenset((
    "In", "At", "On", "By", "For", "From", "To", "With", "And", "But", "Did", "Does", "Is", "If", "As", "Was", "Has", "Under", "Per", "See", "When", "While", "After", "Before", "Since"
))  # fmt: skip
"""Words with a capital that no name of a person or place begins with, though some are given names in lists."""
PARTICLES = frozenset((
    "al", "ap", "ben", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos", "du", "e", "el", "ibn", "la", "las",
    "le", "los", "san", "st", "af", "av", "ten", "ter", "van", "vda", "viuda", "von", "y", "zu", "zum", "zur", "née", "nee"
))  # fmt: skip
LABELS = frozenset((
    "abogado", "acct", "applicant", "attendees", "attending", "attention", "attn", "author", "bcc", "beneficiary", "brother", "by", "caregiver",
    "cc", "client", "contact", "counsel", "counselor", "daughter", "defendant", "doctor", "emergency", "employee", "father", "from", "guarantor", "guardian",
    "hija", "hijo", "husband", "insured", "madre", "member", "mother", "name", "nombre", "nurse", "paciente", "padre", "participants",
    "partner", "pathologist", "patient", "patients", "pcp", "physician", "plaintiff", "provider", "proxy", "pt", "radiologist",
    "re", "recipient", "rn", "sender", "signature", "signed", "signer", "sister", "son", "specialist", "spouse", "subject",
    "subscriber", "sponsor", "roommate", "landlord", "caseworker", "interpreter", "petitioner", "respondent", "claimant", "appellant", "appellee", "decedent", "executor", "trustee", "deponent", "passenger", "driver", "surgeon", "surname", "technician", "tenant", "therapist", "to", "wife", "witness"
))  # fmt: skip
GREETINGS = frozenset((
    "afternoon", "best", "called", "cheers", "dear", "estimada", "estimado", "evening", "greetings", "hello", "hey",
    "hi", "hola", "aka", "alias", "nicknamed", "née", "nee", "love", "morning", "named", "querida", "querido", "regards", "sincerely", "thanks", "yours"
))  # fmt: skip
SAYS = (
    "my name is",
    "i am",
    "i'm",
    "this is",
    "name is",
    "known as",
    "me llamo",
    "se llama",
    "goes by",
    "answers to",
    "mi nombre es",
    "su nombre es",
)
BEFORE_PEOPLE = frozenset((
    "and", "applicant", "ask", "asked", "asking", "boyfriend", "brother", "by", "call", "called", "colleague", "contact", "copy", "copied", "cousin", "daughter", "emailed",
    "father", "for", "friend", "from", "girlfriend", "husband", "inform", "let", "like", "mother", "neighbor", "saw", "see", "show", "sister", "son", "spouse",
    "tell", "than", "thank", "to", "told", "uncle", "when", "wife", "with", "con", "para", "that", "if", "while", "because", "where"
))  # fmt: skip
"""Words after which a capitalised word that is a surname or given name too is taken for the person."""
AFTER_PEOPLE = frozenset((
    "said", "says", "wrote", "writes", "called", "calls", "asked", "asks", "told", "thinks", "thought", "wants", "wanted", "needs", "has", "had", "is", "was", "will", "would",
    "can", "could", "should", "did", "does", "and", "mentioned", "suggested", "reported", "reports", "states", "stated", "denies", "denied", "complains", "presented",
    "presents", "agreed", "sent", "left", "went", "came", "lives", "works", "worked", "may", "might", "also", "took", "takes", "gave", "seems", "tolerated", "remains"
))  # fmt: skip
"""Words before which it is."""
