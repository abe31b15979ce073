"""Whether a name is of somebody at work and not of somebody treated: who teaches, sells, covers a shift, is to be asked.

Two things tell it: words beside the name (`ask Nancy at the desk`, `Gretchen presents`), or a mail about work as a whole
(a lecture, a shift, an order, times long ago) in which nothing speaks of one person's health. A word of illness beside the name undoes both.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from gateway.phi.document import compiled

_BEFORE: Any = compiled(
    r"(?i)(?:\b(?:ask|questions? to|comments to|answers to|send (?:it|them|slides) to|rsvp to|book with|order with|sign up with|register with|e-?mail|led by|run by|taught by|hosted by|debrief by|reported by|assigned to|sponsored by|organi[sz]ed by|moderated by|precepted by|"
    r"contact|thanks to|thank you,? to|kudos to|welcome|meet|congratulations to|congrats to|happy birthday,?|our (?:\pL+ ){0,2}(?:coach|rep|dietitian|engineer|specialist|pharmacist|chaplain|volunteer|manager|supervisor|director|trainer|instructor|educator|librarian|secretary|buyer|technician|chef|scheduler|coordinator)|"
    r"(?:coach|rep|dietitian|engineer|instructor|facilitator|moderator|captain|observers?|presenters?|speakers?|panelists?|learners?|authors?|chairs?|hosts?|editors?|ceo|cfo|cmo|cno|coo|co-pi|pi|counsel|owner|agent|driver|trainer|teacher|volunteers?|staff|buyer|new hire|np student|student|intern|extern)s?(?: is| are| was| were|,|:)?|"
    r"reports to|call or e-?mail|page)[ :,]{1,2}(?:dr\.? |prof\.? |mr\.? |mrs\.? |ms\.? )?(?:\pL\.? )?)$"
)
_AFTER: Any = compiled(
    r"(?i)^(?:,? \(?(?:in|from|of|at) (?:the )?(?:hr|human resources|it|billing|pharmacy|compliance|accounts?|accounting|purchasing|finance|legal|marketing|scheduling|front desk|desk|reception|recepción|credentialing|quality|facilities|housekeeping|service|sales|procurement|payroll|registration|coding|medical records|infection control|central supply|ext)\b|"
    r",? (?:at )?ext\.? ?\d|, (?:accounts|billing|office manager|practice manager|sales|engineer|accounts payable|customer service|np student|our rep)\b|"
    r" (?:presents|will present|teaches|will teach|leads|hosts|will host|chairs|moderates|speaks|will speak|talks about|runs (?:a|the|our)|covers|will cover|draws|brings|will bring|drives|signs|orders|joins|has joined|joined|retires|is retiring|retired from|starts on|starts monday|will start|moved,|seconded|"
    r"da una charla|imparte|won the|is on call|on call|is on vacation|is out of office|asks for the slides|disagrees|agrees|writes|wrote the|edits|trained|founded|represents|is our new \pL+|fixed|fixes|installs|audits|counts|trains)\b|, who (?:starts|joins|trained|teaches|runs|leads)\b)"
)
_WORK: Any = compiled(
    r"(?i)\b(?:grand rounds|journal club|speakers?|presenters?|half day|lectures?|seminars?|webinar|conference|symposium|workshop|course|curriculum|modules?|residents'|students?|mannequin|simulation|sim lab|quiz|exam blueprint|board review|textbook|poster|abstracts?|authors?|cme|credits|"
    r"agenda|committee|budget|fte|grant|co-pi|staff meeting|on call this week|call schedule|rota|shifts?|birthday|cupcakes|potluck|cake|anniversary|retire[sd]?|years of service|new hire|credentialing|mentor|carpool|parking|lot [a-d]\b|locker|badge|"
    r"newsletter|support group|caregivers|blood drive|fundraiser|5k|gala|volunteers?|team captain|campaign|press release|open house|celebrat(?:e|es|ing|ion)|we invite|donat(?:ed|ion)|plaque|award|nurse of the year|"
    r"invoice|vendor|supplier|shipped|tracking|shortage notice|recall of lot|quarantine what|ticket \d+|is jammed|jams|copier|fridge|autoclave|analyzer|ehr release|bug \d+|test patient|template|webinar|clearinghouse|"
    r"compliance|bundle|codebook|deidentified|de-identified|mean age|median|accrual|readmissions|outbreak|epidemiologist|cases of|"
    r"book group|novel|chapter \d|film|movie|nobel|seminar|eponyms|quit smoking|ready to quit|boletín|charla|este mes hablamos|all staff|our late policy|policy|training is due|refills and results ask)\b"
)
_TEACHES: Any = compiled(
    r"(?i)\b(?:half day|lectures?|talks?|rounds|journal club|speakers?|conference|session|seminar|webinar|programme|program)\b"
)
_CARE: Any = compiled(
    r"(?i)\b(?:call(?:ed|s)? (?:him|her|them back|mom|dad)|appointment|appt|f/u|s/p|c/o|h/o|(?:bed|rm) ?\d|\d{1,3} ?(?:yo|y/o|yrs? old)|\d{2}[mf]\b|chart|his|her|patient of|pt|admitted|discharged|tested|diagnosed|relapsed|biopsy|refilled|results? (?:is|are|was|were|came|for)|came back|"
    r"birthday (?:is )?(?:\d|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|my (?:\pL+ ){0,2}(?:pills?|meds?|medicines?|medications?|prescriptions?|refills?|blood|labs?|pain|surgery|doctor|symptoms?|pharmacy)|"
    r"injured|cut by|hurt (?:his|her)|tdap|light duty|rtw|cxr|x-?rays? (?:clear|normal|neg|shows?)|sutured|stitche[sd]|"
    r"please see|needs to be seen|can you see|rx for|meds|last visit|next visit|dob|mrn|wants (?:his|her|a refill)|stat|npo|consult|positive|negative|positiv[oa]s?|malignant|benign|abnormal|belongs to|swap the|passed away|died)\b"
)
_ILL_AFTER: Any = compiled(
    r"(?i)^(?:['’]s? (?:\pL+ ){0,2}\pL+|,? (?:has|had|present(?:s|ed) with|is (?:sick|ill|in|off|on)|was|needs|got|went|fell|stopped|takes|took|tested|with|w/|also|again|still|for (?:his|her)|will be out|stuck (?:him|her)self)\b)"
)
_ABOUT: Any = compiled(r"(?i)^[^.\n]{0,24}\b(?:about|regarding|re|concerning|who|whose|with|and (?:his|her))\b")
_HIS: Any = compiled(r"\b(?:his|her|died)\b")
_LONG_AGO: Any = compiled(r"\b(?:in|by|until|since|from) (?:the |about |early |late )?(?:1[3-8]\d\ds?|19[0-5]\ds?)\b")
_BORN: Any = compiled(r"\b(?:born|b\.|birth|nac\pL+|smok\pL+|diagnos\pL+|operated|surgery|year of)\b")
_VET: Any = compiled(r"\bvet(?:s|erinar\pL+)?\b")
_PET: Any = compiled(
    r"\b(?:our|my|your|the|his|her|their|a|old)(?: \pL+)? (?:cat|dog|puppy|kitten|horse|mare|pony|rabbit|parrot|hamster|goat|cow|calf|lab|retriever|terrier|beagle|tabby)\b"
    r"|\b(?:our|my|your|the|his|her|their|a|old) (?:cat|dog|puppy|kitten|horse|pony|rabbit|parrot|hamster|goat)\b"
)
_PEOPLE: Any = compiled(
    r"\b(?:patients?|pt|mr|mrs|ms|mother|father|mom|dad|son|daughter|wife|husband|sister|brother|grand\pL+|aunt|uncle|child|baby|boy|girl|man|woman|dob|mrn)\b"
)
_NEAR = 30
_SHORT, _MANY = 300, 3
"""A text of more than so many characters needs so many words of work."""


class Roles:
    """What one text says of work, found out once.

    `strong`: where its strong health terms begin, in order; `of_one`: it speaks of some one person, `treated`: and by more
    than `he` and `she`; `measured`: a health term is a value, a place of the body or the like, which is always somebody's.
    """

    def __init__(self, lower: str, strong: Sequence[int], *, of_one: bool, treated: bool, measured: bool) -> None:
        self._lower, self._strong = lower, strong
        self._care = measured or _CARE.search(lower) is not None
        self.long_ago = not treated and _LONG_AGO.search(lower) is not None and _BORN.search(lower) is None
        self.about_pet = (
            _VET.search(lower) is not None and _PET.search(lower) is not None and _PEOPLE.search(lower) is None
        )
        self.about_work = (
            not measured and _CARE.search(_HIS.sub(" ", lower)) is None and (self.long_ago or _works(lower))
        )
        self._work = self.about_work and (self.long_ago or not (of_one or self._care))
        self._teaches = self._work and _TEACHES.search(lower) is not None

    def at_work(self, start: int, end: int) -> bool:
        """Whether the name at this place is of somebody at work."""
        before, after = self._lower[max(0, start - 60) : start], self._lower[end : end + 60]
        if self.about_pet and " " not in self._lower[start:end]:
            return True
        if self._care and not self._work:
            return False
        if _ILL_AFTER.search(after) is not None and self._health_in_sentence(end, after):
            return False
        if _AFTER.search(after) is not None:
            return True
        if _BEFORE.search(before) is not None:
            return _ABOUT.search(after) is None or not self._health_in_sentence(end, after)
        return self._work and (not self._beside(end) or (self._teaches and after.startswith(" on ")))

    def _health_in_sentence(self, end: int, after: str) -> bool:
        stop = min((at for sign in (". ", "\n", "; ") if (at := after.find(sign)) >= 0), default=len(after))
        at = bisect_left(self._strong, end)
        return at < len(self._strong) and self._strong[at] <= end + stop

    def _beside(self, end: int) -> bool:
        at = bisect_left(self._strong, end)
        between = self._lower[end : end + _NEAR]
        stop = min((place for sign in ".\n;:" if (place := between.find(sign)) >= 0), default=len(between))
        return at < len(self._strong) and self._strong[at] <= end + stop


def _works(lower: str) -> bool:
    words = {match.group() for match in _WORK.finditer(lower)}
    return len(words) >= (1 if len(lower) <= _SHORT else _MANY)
