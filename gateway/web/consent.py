"""The road to a consent answer: link, code, warning, yes or no. Each view is named in the route table."""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from gateway.flow.answer import Answers
from gateway.ports.metrics import Metrics
from gateway.web.codes import cookie_for_code
from gateway.web.cookies import CONSENT_LINK, CONSENT_SESSION
from gateway.web.pages import Pages
from gateway.web.settings import WebConfig
from gateway.web.visit import Visit


class Consent:
    """Views of `/c/` and `/consent`."""

    def __init__(self, answers: Answers, pages: Pages, config: WebConfig, limits: Metrics) -> None:
        self._answers, self._pages, self._config, self._limits = answers, pages, config, limits

    async def arrive(self, visit: Visit) -> Response:
        """Take the secret out of the address: a cookie, and on to a page without it."""
        response = RedirectResponse("/consent", 303)
        CONSENT_LINK.write(response, visit.request.path_params["token"], self._config.link_life)
        return response

    async def door(self, visit: Visit) -> Response:
        """Say that there is a question, and offer a code."""
        question = await run_in_threadpool(self._answers.find, visit.secret)
        return self._pages.page("consent.html", question=question, form=visit.form_token)

    async def send_code(self, visit: Visit) -> Response:
        """Have a code sent to the mailbox on record."""
        await run_in_threadpool(self._answers.request_code, visit.secret, visit.network)
        return RedirectResponse("/consent/enter?by=mailbox", 303)

    async def enter(self, visit: Visit) -> Response:
        """Ask for the code."""
        await run_in_threadpool(self._answers.find, visit.secret)
        return self._code_page(visit, "mailbox" if visit.request.query_params.get("by") == "mailbox" else "")

    async def open(self, visit: Visit) -> Response:
        """Check the code; the right one starts a session."""
        prove = partial(self._answers.prove, visit.secret, visit.form.get("code", ""), visit.network)
        cookie = await cookie_for_code(prove, self._limits)
        if cookie is None:
            return self._code_page(visit, "", wrong=True)
        response = RedirectResponse("/consent/question", 303)
        CONSENT_SESSION.write(response, cookie, self._config.session_life)
        return response

    async def question(self, visit: Visit) -> Response:
        """Show the warning and ask."""
        return await self._question_page(visit, missing=False)

    async def answer(self, visit: Visit) -> Response:
        """Take yes or no."""
        given = visit.form.get("answer", "")
        if not given:
            return await self._question_page(visit, missing=True)
        if given not in {"yes", "no"}:
            raise HTTPException(400)
        await run_in_threadpool(partial(self._answers.answer, visit.secret, yes=given == "yes"))
        response = RedirectResponse(f"/consent/thanks?said={given}", 303)
        CONSENT_SESSION.write(response, "", 0)
        CONSENT_LINK.write(response, "", 0)
        response.headers["clear-site-data"] = '"cache", "storage"'
        return response

    async def thanks(self, visit: Visit) -> Response:
        """Confirm the answer."""
        said = visit.request.query_params.get("said", "")
        return self._pages.page("thanks.html", said=said if said in {"yes", "no"} else "")

    async def _question_page(self, visit: Visit, *, missing: bool) -> Response:
        question = await run_in_threadpool(self._answers.question, visit.secret)
        warning = self._pages.warning(question.warning_version)
        status = 422 if missing else 200
        return self._pages.page("question.html", status, warning=warning, missing=missing, form=visit.form_token)

    def _code_page(self, visit: Visit, by: str, *, wrong: bool = False) -> Response:
        status = 422 if wrong else 200
        return self._pages.page(
            "code.html", status, action="/consent/open", back="/consent", by=by, wrong=wrong, form=visit.form_token
        )
