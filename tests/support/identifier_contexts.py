"""The surroundings in which identifiers stand: sentences, forms, tables, data formats. Half are locked away from tuning.

The locked half was written before the rules were read, and rules are never changed to fit it: it tells how the rules do
where nobody looked. `cases` draws texts with the place of the identifier in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from . import identifier_wide as wide
from .identifiers import Sort

OPEN = (
    "{l}: {v}", "{l} {v}", "{l}:{v}", "{l} - {v}", "{l}:\t{v}", "{l} is {v}", "{l}={v}", "({l}: {v})", "[{l} {v}]", "{l}: {v}.", "{l}: {v},",
    "Patient seen today. {l}: {v}. Return in two weeks.", "The {l} is {v}.", "Her {l} was {v}, as she told us.", "{l} . . . . {v}",
    "Please use {l} {v} when you call.", "Name: Ruth Okparra | {l}: {v} | Sex: F", "| {l} | {v} |", "{l}:\n{v}", "{l}:\n    {v}\nSex: F",
    '{{"{l}": "{v}"}}', "{{'{l}': '{v}', 'sex': 'F'}}", "<td>{l}</td><td>{v}</td>", "name,{l},sex\nOkparra,{v},F", "{l};{v};",
    "- {l}: {v}\n- Sex: F", "* {l} – {v}", "{l}: {v} (verified)", "1. {l}: {v}", "Sex: F   {l}: {v}   Room 12", "> {l}: {v}", "**{l}:** {v}",
    "{v} ({l})", "{l} on file: {v}", "{l}, {v}, was checked.", "{l}: \"{v}\"", "{l}: <{v}>", "my {l} is {v} thanks",
    "Name|{l}|Sex\nR. Okparra|{v}|F\nO. Huxfield|pending|M", "Re: {l} {v}", "{l}\t{v}\tF", "{l}: {v}; sex: F", "{l}: {v}/F", "{l} -> {v}",
    "{l} on record: {v}", "{l} of record {v}", "{l} listed as {v}", "Your {l} has been changed to {v}.", "with {l} of {v}", "{l} = '{v}'", "{l}:\r\n{v}\r\n",
    "{l} for Ruth: {v}", "{l} for this visit is {v}", "{l} (if known): {v}", "({v}, {l})", "<patient {l}=\"{v}\"/>", "{l}: '{v}'\nsex: F", "Okparra, Ruth ({l} {v})", "{l}: {v}; {l}: {v2}",
    "NAME        {l}        SEX\nOKPARRA     {v}     F", "| Name | {l} | Sex |\n|------|-----|-----|\n| Okparra | {v} | F |", "{l}: [{v}]", "{l}: *{v}*", "{l} ({v})\n", "The patient, {l} {v}, came in.",
    "{l} - {v} - F", "... {l} {v}...", "{l}:{v}\n{l}:{v2}", "{l}\u00a0: {v}", "Old {l}: {v2}. New {l}: {v}.", "Sex\tF\n{l}\t{v}\n", "{l}: {v} Sex: F DOB: 02/03/1961", "thanks, {l} {v}, Ruth",
)  # fmt: skip
LOCKED = (
    "{l} : {v}", "{l} #{v}", "{l}:  {v} ", "We have {l} {v} on our records for her.", "Kindly confirm the {l}: {v}!", "{l}?: {v}",
    "Her {l} ({v}) has changed.", "({l} {v})", "{l}  |  {v}  |  active", "sex\t{l}\tward\nF\t{v}\t3B", "{l}\n{v}\n", "{l} =\n  {v}",
    "  \"{l}\" : \"{v}\",", "<field name=\"{l}\">{v}</field>", "<b>{l}:</b> {v}<br>", "{l}\u00a0{v}", "{l}: {v} and nothing else", "~ {l}: {v} ~",
    "Q: What is your {l}?\nA: {v}", "The correct {l} should be {v}, not the old one.", "sex;{l};ward\nF;{v};3B", "+ {l} | {v}", "{l}........{v}",
    "{l}, {v}", "ward: 3B / {l}: {v} / sex: F", "{l}({v})", "{l}[{v}]", "\u2022 {l}: {v}", "Subject: {l} {v}", "{l} \u2014 {v}", "Under {l} {v} we found nothing.",
    "updated {l} to {v} yesterday", "{l}s: {v} (old), see chart", "{l}: {v}\u2019s copy", "{l} provided: {v}", "fyi {l} {v} thx", "{l} => {v}", "; {l} {v} ;",
    "ward,sex,{l}\n3B,F,{v}\n3C,M,none", "{l}:{v}|sex:F", "*{l}* {v}", "{l} \"{v}\"", "{l}: '{v}'", "{v} is her {l}.", "{l} (current): {v}",
)  # fmt: skip
OPEN_ALONE = (
    "{v}", "{v}.", "Please see {v} for more.", "<{v}>", "({v})", "[{v}]", "It was {v}, she said.", "old: {v}; new: none", "\n{v}\n", "> {v}",
    "Okparra, Ruth, {v}, F", "\"{v}\"", "a|{v}|b", "Thanks,\nRuth\n{v}", "* {v}", "either {v} or nothing", "{v}; {v2}",
)  # fmt: skip
LOCKED_ALONE = (
    "{v}\n", "We used {v} yesterday.", "'{v}'", "x,{v},y", "see: {v}", "- {v}", "Was it {v}?", "{v}!", "row\t{v}\tend", "<p>{v}</p>",
    "Best regards\nOmar Huxfield | {v}", "{v} / {v2}", "was {v}; is gone", "=> {v}", "Okparra ({v})", "[1] {v}", "nothing but {v} here",
)  # fmt: skip
OPEN_OF = {
    "mrn": ("PID|1||{v}^^^HOSP^MR||OKPARRA^RUTH||19610203|F", "Ruth Okparra (MRN {v}), a 61 y.o. woman", "Okparra, Ruth  MRN {v}  F"),
    "ssn": ("PID|1||77||OKPARRA^RUTH||||||||||||||{v}|", "SSN {v} DOB 02/03/1961", "<ssn>{v}</ssn>"),
    "phone": ("PID|1||77||OKPARRA^RUTH||||||12 ELM^^TROY||{v}|", "tel:{v}", "call me back at {v} please"),
    "fax": ("fax it to {v}", "Phone 212-555-0100, fax {v}", "P: 212-555-0111 F: {v}"),
    "account": ("PID|1||77|||||||||||||||{v}", "statement for account {v}"),
    "npi": ("Dr. Huxfield (NPI {v})", "NM1*82*1*HUXFIELD*OMAR****XX*{v}~"),
    "member_id": ("IN1|1|AETNA||||||||||||||||||||||||||||||||||{v}", "Blue Cross member {v}"),
    "handle": ("follow me {v} there",),
}  # fmt: skip
LOCKED_OF = {
    "mrn": ("RE: Huxfield, Omar / MRN#{v} / follow-up", "Pt Huxfield MRN:{v} DOB 1/2/1950", "<mrn>{v}</mrn>"),
    "ssn": ("her social is {v}", "last known SSN was {v} per chart", "&ssn={v}&x=1"),
    "phone": ("You can text {v} any time", "Tel. {v} (home)", "her number is {v}"),
    "fax": ("send by fax: {v}", "Ph (212) 555-0100 Fax {v}", "Fax results to {v}"),
    "account": ("payment on acct {v} is due", "debit from account ending in full {v}"),
    "npi": ("Omar Huxfield MD, NPI: {v}", "<npi>{v}</npi>"),
    "member_id": ("insured with Aetna, ID {v}", "<memberId>{v}</memberId>"),
    "handle": ("she posts as {v} daily",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One text with one identifier in it; `start` and `end` are code points."""

    sort: Sort
    text: str
    start: int
    end: int

    @property
    def value(self) -> str:
        """The identifier itself."""
        return self.text[self.start : self.end]


def cases(sort: Sort, count: int, rng: Random, *, locked: bool = False) -> Iterator[Case]:
    """So many texts of one sort, contexts and labels drawn evenly. The locked half has its own contexts and words."""
    contexts = [
        *(LOCKED if locked else (*OPEN, *wide.CONTEXTS)),
        *(LOCKED_OF if locked else OPEN_OF).get(sort.name, ()),
    ]
    if sort.alone:
        contexts += LOCKED_ALONE if locked else (*OPEN_ALONE, *wide.ALONE)
    labels = sort.locked_labels if locked else (*sort.labels, *wide.LABELS.get(sort.name, ()))
    write = _written if locked else wide.written
    for number in range(count):
        context = contexts[number % len(contexts)]
        yield _placed(sort, context, write(labels[rng.randrange(len(labels))], rng), rng)


def _written(label: str, rng: Random) -> str:
    """The label as hasty and as shouting people write it too."""
    return rng.choice((label, label, label, label.lower(), label.upper(), label.replace(" ", "_"), label.title()))


def _placed(sort: Sort, context: str, label: str, rng: Random) -> Case:
    value = sort.make(rng)
    mark = "\ue000"
    text = context.format(l=label.rstrip(":") if ":" in context else label, v=mark, v2="\ue001")
    lead, told, rest = value.partition("⟦")
    inner, _, tail = rest.partition("⟧") if told else (lead, "", "")
    lead = lead if told else ""
    other = sort.make(rng).replace("⟦", "").replace("⟧", "")
    text = text.replace("\ue001", other)
    at = text.index(mark)
    whole = text.replace(mark, lead + inner + tail)
    return Case(sort, whole, at + len(lead), at + len(lead) + len(inner))
