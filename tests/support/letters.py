"""Ordinary letters of a practice and its partners, made the same way every time: the corpus on which speed is measured.

Invented people. Of an ordinary mailbox's making: most say nothing of anybody's health, some do; names, dates and
telephone numbers stand as often as in real letters, and every letter ends as people end theirs.
"""

from __future__ import annotations

import random

_PEOPLE = (
    "Barbara Hillman", "Robert Osgood", "Maria Delgado", "Kevin Thornbury", "Shauna O'Malley", "Priya Raman", "Thomas Weatherby", "Ana Lucia Ferreira", "George Pappas", "Helen Strand",
    "Daniel Kowalski", "Ruth Abernathy", "Samuel Ikeda", "Linda Castellano", "Walter Brandt", "Denise Fontaine", "Omar Haddad", "Judith Mayfield", "Peter Lindqvist", "Carol Whitcomb",
)  # fmt: skip
_OPENINGS = (
    "Thank you for your message of last week, and forgive me for the late answer; the office was closed for two days while the heating was repaired.",
    "I hope this finds you well. We spoke briefly on the telephone about the new schedule, and I promised to put the main points in writing.",
    "Just a quick note before the weekend, so that nobody is surprised on the first day of next month.",
    "Following up on our conversation at the staff meeting, here is what we have agreed so far and what is still open.",
    "Please find below the answers to the questions that you sent to the front desk. I have left out those that were settled already.",
    "It was good to see so many of you at the open house, and I am grateful to everyone who stayed to put the chairs away.",
)  # fmt: skip
_MIDDLES = (
    "The parking lot behind the building will be resurfaced, so please use the side entrance and leave a few extra minutes to find a space along the road.",
    "We have received the invoice for the second quarter. The amount is what we expected, but the purchase order number is missing, and accounting cannot pay it without one.",
    "Could you let me know whether the conference room is free on {day}? We will be about twelve people and need the projector, the long table and some water.",
    "{person} has offered to take over the newsletter. If you have something that should go into it, send it by {date}, with a picture if there is one.",
    "The copier on the second floor has been replaced. It scans to your own mailbox now; the old shared folder will be emptied at the end of the week and then deleted.",
    "Our lease runs until next spring, and the landlord has asked whether we intend to renew. I would rather decide this together than answer alone.",
    "When the new forms arrive, please throw the old ones away. They carry the wrong address, and two of them came back to us with the mail last month.",
    "I have asked {person} to look over the contract with the cleaning company, since the price went up again and nobody remembers having agreed to it.",
    "Please call the front desk at (555) 555-01{two} if you would rather come in the afternoon; there is nearly always somebody there until six.",
    "The training has three short parts and can be done at home. It takes about an hour, and the certificate is sent to you as soon as the last page is finished.",
    "There are still some seats left for the lecture. It is free, it is meant for everyone, and there will be coffee and something to eat afterwards.",
    "We changed the password of the guest network, as we do every few months. The new one hangs on the board beside the kitchen door.",
    "Several people have asked about the holiday calendar. It is not final, but you can count on the days that were closed last year being closed again.",
    "As I said on the telephone, we would be glad to host the group again, provided that the chairs are returned and that the windows are shut in the evening.",
    "The delivery did not come on {day} as promised. I called twice, was put through to three different people, and was told in the end that it is on its way.",
    "Your patience during the move was remarkable. Most boxes are unpacked by now, the telephones work, and the waiting room even has its plants back.",
    "If you need a copy of the statement, write a line to the office with the month that you want, and it will be in your mailbox within a few days.",
    "I talked to {person} and we both think that the plan is sound, although the budget for it is tight and leaves hardly anything for repairs.",
    "Nothing has been decided yet about the location. One of the two buildings is closer to the station, the other has more light and a garden.",
    "For the picnic we still need plates, cups, a few folding tables, and two people who will stay until the end and help to carry everything back.",
)  # fmt: skip
_HEALTH = (
    "Mrs. {family} was seen in clinic on {date} for her blood pressure, which has been well controlled since the dose of lisinopril was raised to 20 mg.",
    "The patient reports less pain in the left knee, walks without a cane, and would like to put off the injection until the autumn.",
    "Laboratory results came back within the normal range, and no change in medication is needed before the next visit.",
)
_CLOSINGS = ("Best regards,", "Kind regards,", "Sincerely,", "Thanks,", "With best wishes,")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_MONTHS = ("January", "March", "April", "June", "September", "October", "November")


def ordinary_letters(count: int, seed: int = 1) -> list[str]:
    """So many letters of about three thousand characters; the same for the same seed."""
    chance = random.Random(seed)
    return [_letter(chance) for _ in range(count)]


def _letter(chance: random.Random) -> str:
    sender, reader = chance.sample(_PEOPLE, 2)
    paragraphs = [chance.choice(_OPENINGS)]
    for _ in range(chance.randint(4, 6)):
        paragraphs.append(" ".join(_filled(chance, one) for one in chance.sample(_MIDDLES, chance.randint(2, 4))))
    if chance.random() < 0.3:
        paragraphs.insert(2, " ".join(_filled(chance, one) for one in chance.sample(_HEALTH, 2)))
    body = "\n\n".join(paragraphs)
    given = sender.split()[0]
    return f"Dear {reader.split()[0]},\n\n{body}\n\n{chance.choice(_CLOSINGS)}\n{given}\n\n{sender}\nOffice Manager\n(555) 555-01{chance.randint(10, 99)}\n"


def _filled(chance: random.Random, sentence: str) -> str:
    person = chance.choice(_PEOPLE)
    return sentence.format(
        person=person, family=person.split()[-1], day=chance.choice(_DAYS), two=chance.randint(10, 99),
        date=f"{chance.choice(_MONTHS)} {chance.randint(1, 28)}",
    )  # fmt: skip
