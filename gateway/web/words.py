"""What the portal says when it does not show something: in plain words, with what to do next. One table."""

from __future__ import annotations

from dataclasses import dataclass

_CALL = "If you still need the message, please call the practice and ask for it to be sent again."
_WAIT = "Nothing is lost: your message waits for you."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Status, heading, what happened, what to do; `again` offers the way back to the first page."""

    status: int
    title: str
    what: str
    todo: str
    again: bool = False


REFUSALS = {
    "unknown": Refusal(
        404, "This link does not work", "We have no message for this link. Perhaps a part of it is missing.",
        "Please open the link from our e-mail again, or copy the whole link into your browser.",
    ),
    "no_link": Refusal(
        403, "Please open the link again", "This page can only be opened with the link from our e-mail.",
        "Go back to the e-mail and open its link. Your browser must allow cookies for this page.",
    ),
    "expired": Refusal(410, "This link has expired", "To protect your privacy, our links work only for some days.", _CALL),
    "revoked": Refusal(410, "This message was withdrawn", "The practice has withdrawn this message.", _CALL),
    "closed": Refusal(410, "This message is closed", "This link can no longer be used.", _CALL),
    "answered": Refusal(
        410, "You have already answered", "We have your answer. Nothing more is needed.",
        "If you change your mind, please call the practice.",
    ),
    "throttled": Refusal(
        429, "Please wait a little", f"There were many tries in a short time. {_WAIT}", "Please try again later.", True,
    ),
    "checking": Refusal(
        503, "One moment, please", f"The practice's rules for this message are being checked. {_WAIT}",
        "Please try again in a minute. If this page comes again, call the practice.", True,
    ),
    "not_yet_allowed": Refusal(
        403, "This message cannot be shown now", f"The practice has to look at it first. {_WAIT}",
        "Please try again later, or call the practice.",
    ),
    "restoring": Refusal(
        503, "We are checking our records", f"The practice's system was restored, and a person is checking it. {_WAIT}",
        "Please try again later, or call the practice.",
    ),
    "no_answers": Refusal(
        403, "You cannot answer here", "This message cannot be answered on this page. Nothing of what you wrote was kept.",
        "Please call the practice.",
    ),
    "answer_large": Refusal(
        413, "That is too large", "Your files and text are larger than what we can take. Nothing of them was kept.",
        "Please go back and choose fewer or smaller files. The page says how much there is room for.", True,
    ),
    "answer_files": Refusal(
        413, "Too many files", "You chose more files than we can take at once. Nothing of them was kept.",
        "Please go back and choose fewer files. The page says how many.", True,
    ),
    "answer_text": Refusal(
        413, "Your text is too long", "It has more letters than we can take. Nothing of it was kept.",
        "Please go back and make it shorter, or send it as a file.", True,
    ),
    "answer_empty": Refusal(
        422, "Your answer is empty", "You wrote nothing and chose no file.", "Please go back and write something.", True,
    ),
    "gone": Refusal(410, "This is no longer here", "What you asked for was removed or cannot be opened.", _CALL),
    "logged_off": Refusal(
        403, "You are logged off", "To protect your privacy we log you off after a while.",
        "To read the message again, ask for a new code.", True,
    ),
    "busy": Refusal(
        503, "Many people are reading just now", f"We cannot open more messages at this moment. {_WAIT}",
        "Please try again in a minute.", True,
    ),
    "later": Refusal(
        503, "Please try again later", f"Something that we need does not answer at the moment. {_WAIT}",
        "Please try again in a few minutes.", True,
    ),
    "broken": Refusal(
        500, "This message cannot be opened", "It is not as it was sealed, so we do not show it. The practice was alerted.",
        "Please call the practice and ask for it to be sent again.",
    ),
}  # fmt: skip

ERRORS = {
    400: Refusal(400, "We could not read that", "Your browser sent something that we do not understand.", "Please go back and try again."),
    403: Refusal(403, "Please use our own page", "This did not come from our own page, so we did nothing.", "Please open the link from our e-mail again."),
    404: Refusal(404, "There is no such page", "This address leads nowhere.", "Please open the link from our e-mail."),
    405: Refusal(405, "That is not possible here", "This page cannot be used in that way.", "Please open the link from our e-mail."),
    408: Refusal(408, "That took too long", "We did not get all of your answer.", "Please go back and try again."),
    413: Refusal(413, "That was too much", "Your browser sent more than this page takes.", "Please go back and try again."),
    415: Refusal(415, "We could not read that", "Your browser sent something that we do not understand.", "Please go back and try again."),
    500: Refusal(500, "Something went wrong on our side", f"We are sorry. {_WAIT}", "Please try again later, or call the practice."),
}  # fmt: skip


def wait_in_words(seconds: int) -> str:
    """How long to wait, for a person."""
    if seconds <= 0:
        return ""
    if seconds <= 90:
        return f"Please try again in {seconds} seconds."
    return f"Please try again in about {-(-seconds // 60)} minutes."
