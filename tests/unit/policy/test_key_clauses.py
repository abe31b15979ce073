"""Why a key does not serve is told in `explain` and `why`, in the directory's own clause."""

from __future__ import annotations

import pytest

from gateway.policy.explain import sentence
from gateway.policy.sentences import KEY_CLAUSE, key_clause


@pytest.mark.parametrize(
    "clause", ["the certificate has been revoked", "the key's curve is none of P-256, P-384, P-521", "x, " * 500]
)
def test_a_clause_is_one_code_and_reads_as_a_sentence(clause):
    code = key_clause(clause)
    assert code.startswith(KEY_CLAUSE)
    assert code.split(",") == [code]
    assert len(code) < 250
    assert sentence(code) == f"The directory's reason: {code.removeprefix(KEY_CLAUSE)}."
