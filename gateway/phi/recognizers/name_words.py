"""The words around names: titles, suffixes, particles, and what announces a name."""

from __future__ import annotations

TITLES = frozenset((
    "aunt", "capt", "captain", "doctor", "don", "doña", "dr", "father", "fr", "judge", "lt", "madam", "miss", "mr",
    "mrs", "ms", "mx", "nurse", "officer", "prof", "professor", "rabbi", "rev", "reverend", "señor", "señora",
    "sgt", "sir", "sister", "sr", "sra", "srta", "uncle"
))  # fmt: skip
SUFFIXES = frozenset((
    "esq", "ii", "iii", "iv", "jr", "junior", "senior", "sr"
))  # fmt: skip
PARTICLES = frozenset((
    "al", "ben", "bin", "da", "das", "de", "del", "della", "den", "der", "di", "dos", "du", "e", "el", "ibn", "la",
    "le", "st", "ten", "ter", "van", "von", "y", "zu"
))  # fmt: skip
LABELS = frozenset((
    "applicant", "attending", "attention", "attn", "author", "bcc", "beneficiary", "brother", "by", "caregiver",
    "cc", "client", "contact", "counselor", "daughter", "defendant", "doctor", "employee", "father", "from",
    "guarantor", "guardian", "husband", "insured", "member", "mother", "name", "nombre", "nurse", "paciente",
    "partner", "pathologist", "patient", "pcp", "physician", "plaintiff", "provider", "proxy", "pt", "radiologist",
    "re", "recipient", "rn", "sender", "signature", "signed", "signer", "sister", "son", "specialist", "spouse",
    "subject", "subscriber", "surgeon", "surname", "technician", "tenant", "therapist", "to", "wife", "witness"
))  # fmt: skip
GREETINGS = frozenset((
    "afternoon", "best", "called", "cheers", "dear", "estimada", "estimado", "evening", "greetings", "hello", "hey",
    "hi", "hola", "love", "morning", "named", "querida", "querido", "regards", "sincerely", "thanks", "yours"
))  # fmt: skip
SAYS = ("my name is", "i am", "i'm", "this is", "name is", "known as", "me llamo", "se llama")
