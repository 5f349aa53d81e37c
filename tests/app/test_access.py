"""Who gets in: the address, sign-in and roles."""

import pytest
from streamlit import config

from leukapp.ui import access, texts
from leukapp.ui.reader import Reader


@pytest.fixture
def on_network():
    before = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")  # noqa: S104
    yield
    config.set_option("server.address", before)


def test_a_network_address_without_sign_in_opens_no_page(start_app, on_network, monkeypatch):
    monkeypatch.delenv(access.OPEN_NETWORK_VARIABLE, raising=False)
    app = start_app()
    assert [error.value for error in app.error] == [
        texts.OPEN_NETWORK.format(variable=access.OPEN_NETWORK_VARIABLE)
    ]
    assert not app.exception
    assert not app.button


def test_a_network_address_opens_when_told_so(start_app, on_network, monkeypatch):
    monkeypatch.setenv(access.OPEN_NETWORK_VARIABLE, "1")
    app = start_app()
    assert texts.OPEN_NETWORK.split(":")[0] not in " ".join(error.value for error in app.error)


@pytest.mark.parametrize(
    ("address", "is_open"),
    [("localhost", False), ("127.0.0.1", False), ("::1", False), (None, True), ("10.0.0.4", True)],
)
def test_no_address_means_every_address(address, is_open, monkeypatch):
    options = {"server.address": address, "server.allowedHosts": ["localhost", "127.0.0.1", "::1"]}
    monkeypatch.setattr(access.st, "get_option", options.get)
    assert access.is_open_to_others() is is_open


@pytest.mark.parametrize(
    ("names", "is_open"),
    [(["Localhost"], False), (["localhost", "leukapp.example"], True), (["*"], True), ([], True)],
)
def test_a_name_of_a_proxy_opens_the_app_to_others(names, is_open, monkeypatch):
    options = {"server.address": "localhost", "server.allowedHosts": names}
    monkeypatch.setattr(access.st, "get_option", options.get)
    assert access.is_open_to_others() is is_open


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"email": "Rev@X.org"}, {"reviewer"}),
        ({"email": "both@x.org"}, {"reviewer", "researcher"}),
        ({"email": "other@x.org"}, set()),
        ({"email": "lone@x.org"}, {"admin"}),
        ({"email": "l"}, set()),
        ({"email": "maſß@x.org"}, {"reviewer"}),
        ({"email": "MAſß@X.ORG"}, {"reviewer"}),
        ({"email": "masß@x.org"}, set()),
        ({"email": "maſss@x.org"}, set()),
        ({"email": "mark@x.org"}, {"researcher"}),
        ({"email": "mar\N{KELVIN SIGN}@x.org"}, set()),
        ({"email": "mark@x.org\u2003"}, set()),
        ({"email": ["rev@x.org"]}, set()),
        ({"email": ""}, set()),
        ({}, set()),
    ],
)
def test_roles_come_from_the_configuration(claims, roles):
    configured = {
        "reviewer": ["rev@x.org", "both@x.org", "maſß@x.org", ""],
        "researcher": ["both@x.org", "Mark@x.org"],
        "admin": "lone@x.org",
        "owner": ["other@x.org"],
    }
    assert access.reader_of(claims, configured).roles == roles


@pytest.mark.parametrize(
    ("claims", "configured", "is_verified"),
    [
        ({"email_verified": True}, {}, True),
        ({"email_verified": False}, {}, False),
        ({"email_verified": "true"}, {}, False),
        ({"email_verified": None}, {}, False),
        ({}, {}, False),
        ({}, {"provider_verifies_addresses": True}, True),
        ({}, {"provider_verifies_addresses": "false"}, False),
        ({}, {"provider_verifies_addresses": False}, False),
        ({"email_verified": False}, {"provider_verifies_addresses": True}, False),
        ({"email_verified": None}, {"provider_verifies_addresses": True}, False),
    ],
)
def test_an_address_counts_where_somebody_answers_for_it(claims, configured, is_verified):
    assert access.is_address_verified(claims, configured) is is_verified


def test_a_page_nobody_listed_is_for_admins():
    reviewer = Reader(email="a@b", roles=frozenset({"reviewer"}))
    admin = Reader(email="a@b", roles=frozenset({"admin"}))
    assert reviewer.may_open("Diagnose")
    assert not reviewer.may_open("Evaluation")
    assert not reviewer.may_open("A page of tomorrow")
    assert admin.may_open("A page of tomorrow")
