"""The mail of the morning: its subject, what it says and what it never says; and that it goes out by a real SMTP server, under TLS."""

from __future__ import annotations

import base64
import datetime as dt
import ssl
from dataclasses import replace
from decimal import Decimal

import pytest

from pipelines.home.settings import Mail
from pipelines.hub.secret import Secret
from pipelines.outbound.mail import send
from pipelines.reconcile.exports.extras import Work
from pipelines.reconcile.mail import Balance, DayFacts, Drawer, Due, Ending, Flow, compose, subject
from pipelines.reconcile.words import BreakClass, Status, WorkState
from taps._kit.errors import Misconfigured, Retryable
from tests._kit.bad_input import Office
from tests.unit._reconciliation import broken, month
from tests.unit._smtp import Sink, certificate, served

D = Decimal
DAY = dt.date(2026, 1, 14)
FACTS = DayFacts("EU Ltd", DAY)
PASSWORD = "correct horse battery"
ON_ITS_WAY = (
    broken(BreakClass.IN_TRANSIT, "72.14", "0", number="po_77", age=1, key="w1", document="payout"),
    broken(BreakClass.TIMING, "10.00", "0", number="1050", age=0, key="w2"),
)


def text(message):
    return message.get_body(("plain",)).get_content()


# ── what it says ──


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (month(breaks=(), status=Status.TIES), "EU Ltd, 14 Jan: ties, 0.00 unexplained"),
        (month(breaks=ON_ITS_WAY), "EU Ltd, 14 Jan: ties, 0.00 unexplained"),
        (month(breaks=month().breaks[:1]), "EU Ltd, 14 Jan: ACTION 1 item, 412.50 EUR"),
        (month(), "EU Ltd, 14 Jan: ACTION 4 items, 3 pieces, 544.00 EUR"),
        (month(breaks=(replace(ON_ITS_WAY[0], age=4),)), "EU Ltd, 14 Jan: ACTION 1 item, 72.14 EUR"),
        (
            month(status=Status.INVALID, waterfalls=(replace(month().waterfalls[0], unexplained=D("-12")),)),
            "EU Ltd, 14 Jan: INVALID, 12.00 EUR unexplained",
        ),
    ],
)
def test_the_subject_says_whether_there_is_anything_to_do(report, said):
    assert compose([report], FACTS)["Subject"] == said


def test_no_run_is_a_mail_too():
    message = compose([], replace(FACTS, last_run="The last run was on 12 Jan."))
    assert message["Subject"] == "EU Ltd, 14 Jan: NO RUN"
    assert "The last run was on 12 Jan. Nothing is known of this day" in text(message)


WHOLE = DayFacts(
    "EU Ltd", DAY,
    flow=(Flow("arrived", "EUR", 203, D("18420.55")), Flow("posted", "EUR", 199, D("17095.96")), Flow("held", "EUR", 2, D("80")),
          Flow("in doubt", "EUR", 0, D(0))),
    clearing=(Balance("Shopify Payments", "EUR", D("72.14"), D("72.14")), Balance("Square", "EUR", D("10"), D("12.50"))),
    closed=("December 2025: invoice INV-7 was edited at xero_eu.",),
    duplicates_prevented=3,
    hand_typed=(Flow("xero_eu", "EUR", 1, D("44")),),
    drawers=(Drawer("Dublin", "EUR", D("-2.75")), Drawer("Cork", "EUR", D(0))),
    ending=(Ending("Xero consent of xero_eu", dt.date(2026, 3, 1)), Ending("Shopify API 2025-04", dt.date(2026, 2, 1))),
    next_lock=Due("2026-01", dt.date(2026, 2, 10)),
    work={"a1": Work("a1", WorkState.ASSIGNED, "Aoife")},
    link="https://console.example/breaks/{key}",
)  # fmt: skip
SAID = [
    "order 1042   Missing at the target   (412.50) EUR   Aoife   12 business days   https://console.example/breaks/a1",
    "stock MUG-01   Another quantity   (3) pieces   store   33 business days",
    "arrived   203   18,420.55 EUR",
    "in doubt   0   0.00 EUR",
    "Shopify Payments   books 72.14 EUR   processor 72.14 EUR   agrees",
    "Square   books 10.00 EUR   processor 12.50 EUR   differs by (2.50) EUR",
    "in transit   1   72.14 EUR",
    "December 2025: invoice INV-7 was edited at xero_eu.",
    "2026-01: 1 events came after it was certified, 412.50 EUR",
    "Duplicates prevented\n  3",
    "xero_eu   1   44.00 EUR",
    "Dublin   short 2.75 EUR",
    "Cork   to the cent",
    "Shopify API 2025-04   2026-02-01\n  Xero consent of xero_eu   2026-03-01",
    "Next lock of the books\n  2026-01   due 2026-02-10",
    "Square was not asked",
    "1f2e3d4c5b6a   2026-01   cut-off 2026-02-01 05:00 Europe/Dublin",
]


@pytest.mark.parametrize("said", SAID)
def test_everything_of_the_day_is_in_the_mail(said):
    assert said in text(compose([month(late=month().breaks[:1])], WHOLE))


def test_what_was_not_counted_is_left_out_and_the_report_fills_what_it_can():
    found = text(compose([month(), month(run="2" * 12, period="2025-12", breaks=(), notes=())], FACTS))
    assert "Clearing: Shopify Payments   closing 72.14 EUR   agrees" in found
    for title in ("Duplicates prevented", "Drawers", "Ends soon", "Next lock", "The day"):
        assert title not in found
    typed = month(breaks=(broken(BreakClass.MISSING_IN_SOURCE, "0", "44", number="INV-9", key="t", age=16),))
    assert "Typed by hand since yesterday\n  not known at any source   1   44.00 EUR" in text(compose([typed], FACTS))


def test_only_five_are_listed_and_the_rest_is_summed():
    many = tuple(broken(BreakClass.AMOUNT, "0", str(number), number=f"N{number}", key=str(number)) for number in range(10, 17))
    found = text(compose([month(breaks=many)], FACTS))
    assert "N12" in found
    assert "N11" not in found
    assert "and 2 more, 21.00 EUR" in found


def test_no_customer_is_named():
    sides = tuple(replace(side, party="Maeve Doyle") for side in month().breaks[0].sides)
    cause = replace(month().breaks[0].causes[0], say="Maeve Doyle has two contacts.")
    message = compose([month(breaks=(replace(month().breaks[0], sides=sides, causes=(cause,)),))], WHOLE)
    assert "Maeve" not in message.as_string()
    assert "Maeve" not in "".join(part.get_content() for part in message.walk() if not part.is_multipart())


def test_the_html_says_the_same_and_nothing_in_it_runs():
    hostile = month(breaks=(replace(month().breaks[0], number="<script>alert(1)</script>"),), notes=("<img src=x onerror=y>",))
    html = compose([hostile], WHOLE).get_body(("html",)).get_content()
    assert "<script" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert '<a href="https://console.example/breaks/a1">open</a>' in html
    assert "December 2025: invoice INV-7 was edited at xero_eu." in html


def test_a_company_cannot_add_a_header():
    assert "Bcc" not in compose([month()], replace(FACTS, company="EU Ltd\r\nBcc: x@evil.example"))
    assert subject([month()], FACTS).startswith("EU Ltd, 14 Jan:")


# ── sending ──


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A certificate for localhost that only who trusts it takes: (the server's context, the file to trust)."""
    made, private = certificate(dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
    folder = tmp_path_factory.mktemp("authority")
    trust = folder / "trust.pem"
    trust.write_bytes(made)
    own = folder / "key.pem"
    own.write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trust, own)
    return context, trust


def settings(port, **more):
    given = {"host": "localhost", "port": port, "from": "counterfoil@eu.example", "to": {"eu": ["cfo@eu.example"]}, "security": "none"}
    return Mail(**{**given, **more})


SECRETS = {"smtp_password": Secret(PASSWORD)}


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_mail_goes_out_under_tls_with_a_log_in(authority, security):
    context, trust = authority
    sink = Sink(context, at_once=security == "tls")
    with served(sink) as port:
        set_up = settings(port, security=security, user="robot", password="smtp_password", ca_file=trust)
        send(compose([month()], WHOLE), ["cfo@eu.example", "it@eu.example"], set_up, SECRETS)
    assert sink.secured == [True]
    assert sink.logins == [["robot", PASSWORD]]
    mail = sink.mails[0]
    assert mail["Subject"] == "EU Ltd, 14 Jan: ACTION 4 items, 3 pieces, 544.00 EUR"
    assert (mail["From"], mail["To"]) == ("counterfoil@eu.example", "cfo@eu.example, it@eu.example")
    assert "Missing at the target" in mail.get_body(("plain",)).get_content()
    assert "Missing at the target" in mail.get_body(("html",)).get_content()


def test_the_same_mail_has_the_same_id():
    sink = Sink()
    with served(sink) as port:
        for report in (month(), month(), month(breaks=())):
            send(compose([report], FACTS), ["cfo@eu.example"], settings(port), {})
    first, again, other = (mail["Message-ID"] for mail in sink.mails)
    assert first == again != other


def test_a_server_that_is_not_trusted_gets_nothing(authority):
    context, _ = authority
    sink = Sink(context)
    with served(sink) as port, pytest.raises(Misconfigured, match="not trusted here"):
        send(compose([], FACTS), ["a@eu.example"], settings(port, security="starttls", user="robot", password="smtp_password"), SECRETS)
    assert (sink.mails, sink.logins) == ([], [])


def test_a_server_without_tls_gets_nothing():
    sink = Sink()
    with served(sink) as port, pytest.raises(Misconfigured, match="does not offer"):
        send(compose([], FACTS), ["a@eu.example"], settings(port, security="starttls", user="robot", password="smtp_password"), SECRETS)
    assert (sink.mails, sink.logins) == ([], [])


def test_without_tls_only_to_this_machine():
    with pytest.raises(Misconfigured, match="on this machine only"):
        send(compose([], FACTS), ["a@eu.example"], settings(25, host="smtp.eu.example"), {})


@pytest.mark.parametrize(
    ("answers", "error", "said"),
    [
        ({"AUTH": f"535 wrong password {PASSWORD}"}, Misconfigured, "refused the log-in of robot"),
        ({"RCPT": "550 no such user"}, Misconfigured, "takes no mail for any"),
        ({"MAIL": "552 too big"}, Misconfigured, "refused the mail: 552"),
        ({"MAIL": "451 try later"}, Retryable, "can be sent again"),
        ({"DATA": f"451 later, {base64.b64encode(PASSWORD.encode()).decode()}"}, Retryable, "451 later, •••"),
    ],
)
def test_what_the_server_says_is_told_without_the_password(answers, error, said):
    sink = Sink(answers=answers)
    with served(sink) as port, pytest.raises(error, match=said) as raised:
        send(compose([], FACTS), ["a@eu.example"], settings(port, user="robot", password="smtp_password"), SECRETS)
    told = f"{raised.value.say} {raised.value.log} {raised.value!r}"
    assert PASSWORD not in told
    assert base64.b64encode(PASSWORD.encode()).decode() not in told
    assert raised.value.__cause__ is None


def test_a_server_that_is_not_there_can_be_tried_again():
    with served(Sink()) as port:
        pass
    with pytest.raises(Retryable, match="did not take the mail"):
        send(compose([], FACTS), ["a@eu.example"], settings(port), {})


def test_a_missing_password_or_receiver_is_told_before_anything_is_sent():
    with pytest.raises(Misconfigured, match="counterfoil secret set mail smtp_password"):
        send(compose([], FACTS), ["a@eu.example"], settings(1, user="robot", password="smtp_password"), {})
    with pytest.raises(Misconfigured, match="no receivers"):
        send(compose([], FACTS), [], settings(1), {})


# ── settings ──

MAIL = """
mail:
  host: smtp.eu.example
  from: counterfoil@eu.example
  to: {acme: [cfo@eu.example]}
"""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("to: {acme", "to: {amce", "counterfoil.yaml: mail.to: 'amce' is not among the companies; did you mean acme?"),
        ("cfo@eu.example", '"cfo@eu.example, evil@x.example"', "counterfoil.yaml: mail.to.acme.0:"),
        ("host: smtp", "hosst: smtp", "counterfoil.yaml: mail.hosst: there is no such setting; did you mean host?"),
        ("  from:", "  security: open\n  from:", "counterfoil.yaml: mail.security: 'open' is not one of starttls, tls, none"),
    ],
)
def test_a_mistake_in_the_settings_is_told(tmp_path, right, wrong, said):
    office = Office(tmp_path / "home", "csv")
    settings_file = office.path / "counterfoil.yaml"
    usual = settings_file.read_text() + MAIL
    settings_file.write_text(usual.replace(right, wrong))
    assert said in office("check").err
    settings_file.write_text(usual)
    assert "mail" not in office("check").err


def test_the_password_is_kept_under_the_name_mail(tmp_path):
    office = Office(tmp_path / "home", "csv")
    assert "There is no connection 'mail'" in office("secret", "set", "mail", "smtp_password").err
    settings_file = office.path / "counterfoil.yaml"
    settings_file.write_text(settings_file.read_text() + MAIL)
    assert "There is no connection" not in office("secret", "set", "mail", "smtp_password").err
