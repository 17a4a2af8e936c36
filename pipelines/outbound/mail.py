"""Sending mail by SMTP, always under TLS except to this machine itself. The password is a secret and stands in no error and no log."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from copy import deepcopy
from email.message import EmailMessage
from email.utils import formatdate
from ipaddress import ip_address

from pipelines.home.settings import Mail
from pipelines.hub.secret import Secret, redact
from taps._kit.errors import Misconfigured, Retryable

VAULT = "mail"
"""The name under which `counterfoil secret set mail NAME` keeps the password."""
TIMEOUT_SECONDS = 30
_FOR_GOOD = 500
"""SMTP replies from 500 on will not change by themselves."""


def send(message: EmailMessage, to: list[str], settings: Mail, secrets: dict[str, Secret]) -> None:
    """Send a copy of the message to these addresses.

    A mail that is sent again after an answer was lost has the same Message-ID, so that mail programs show it once. Raises Misconfigured
    where a person must change something, Retryable where the same mail may go through later.
    """
    if not to:
        raise Misconfigured("The mail has no receivers: name them under mail: to: in counterfoil.yaml.")
    password = _password(settings, secrets)
    addressed = _addressed(message, to, settings)
    try:
        with _connected(settings) as server:
            if settings.user:
                server.login(settings.user, password.reveal() if password else "")
            refused = server.send_message(addressed, settings.sender, to)
    except (OSError, smtplib.SMTPException) as trouble:
        raise _told(trouble, settings, [password] if password else []) from None
    if refused:
        raise Misconfigured(
            f"{settings.host} took the mail, but not for {', '.join(sorted(refused))}. Look at mail: to: in counterfoil.yaml."
        )


def _password(settings: Mail, secrets: dict[str, Secret]) -> Secret | None:
    if not settings.password:
        return None
    if settings.password not in secrets:
        raise Misconfigured(f"The password of {settings.host} is not there. Set it: counterfoil secret set {VAULT} {settings.password}")
    return secrets[settings.password]


def _addressed(message: EmailMessage, to: list[str], settings: Mail) -> EmailMessage:
    whole = deepcopy(message)
    told = [str(part.get_payload()) for part in message.walk() if not part.is_multipart()]  # without the boundary, which is random
    digest = hashlib.sha256("\n".join((settings.sender, *to, str(message["Subject"]), *told)).encode()).hexdigest()[:32]
    whole["From"] = settings.sender
    whole["To"] = ", ".join(to)
    whole["Date"] = formatdate()
    whole["Message-ID"] = f"<{digest}@{settings.sender.rpartition('@')[2]}>"
    whole["Auto-Submitted"] = "auto-generated"
    return whole


def _connected(settings: Mail) -> smtplib.SMTP:
    if settings.security == "none":
        if not _is_here(settings.host):
            raise Misconfigured("mail: security: none is for a mail server on this machine only; use starttls or tls.")
        return smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    trust = ssl.create_default_context(cafile=settings.ca_file)
    if settings.security == "tls":
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_SECONDS, context=trust)
    server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_SECONDS)
    try:
        server.starttls(context=trust)
    except (OSError, smtplib.SMTPException):
        server.close()
        raise
    return server


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _told(trouble: OSError | smtplib.SMTPException, settings: Mail, secrets: list[Secret]) -> Misconfigured | Retryable:
    """What to do about it, without a secret that a server repeats."""
    said = redact(_reply(trouble), secrets)
    where = f"The mail server {settings.host}:{settings.port}"
    if isinstance(trouble, smtplib.SMTPAuthenticationError):
        return Misconfigured(
            f"{where} refused the log-in of {settings.user}: {said}. Set the password: counterfoil secret set {VAULT} NAME"
        )
    if isinstance(trouble, ssl.SSLCertVerificationError):
        return Misconfigured(f"{where} shows a certificate that is not trusted here: {said}. A private authority goes under mail: ca_file:")
    if isinstance(trouble, smtplib.SMTPNotSupportedError | ssl.SSLError):
        return Misconfigured(f"{where} does not offer what mail: security: {settings.security} and user: ask for: {said}.")
    if isinstance(trouble, smtplib.SMTPRecipientsRefused):
        return Misconfigured(f"{where} takes no mail for any of the receivers: {said}.")
    if isinstance(trouble, smtplib.SMTPResponseException) and trouble.smtp_code >= _FOR_GOOD:
        return Misconfigured(f"{where} refused the mail: {said}.")
    return Retryable(f"{where} did not take the mail: {said}. It can be sent again.")


def _reply(trouble: OSError | smtplib.SMTPException) -> str:
    if isinstance(trouble, smtplib.SMTPResponseException):
        text = trouble.smtp_error.decode(errors="replace") if isinstance(trouble.smtp_error, bytes) else str(trouble.smtp_error)
        return f"{trouble.smtp_code} {text}"
    return str(trouble) or type(trouble).__name__
