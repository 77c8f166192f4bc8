"""The mail server of the example project: one variable."""

import pytest

from project import environment
from tests.support.project_commands import manage


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", ("localhost", 25, "", "", False, False)),
        ("smtps://ann:p%40ss@h.example", ("h.example", 465, "ann", "p@ss", False, True)),
        ("smtp+tls://ann:x@h.example:25", ("h.example", 25, "ann", "x", True, False)),
    ],
)
def test_a_mail_server_is_one_variable(
    url: str, server: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMAIL_URL", url)
    assert (*environment.read_mail_server("EMAIL_URL").values(), 10)[:6] == server
    said = manage("check", EMAIL_URL=url)
    assert said.returncode == 0, said.stderr
