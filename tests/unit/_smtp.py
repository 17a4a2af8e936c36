"""A small SMTP server for tests, on loopback."""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
import email
import threading
from contextlib import contextmanager
from email import policy

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Sink:
    """A small SMTP server of its own on loopback: keeps what it is sent, under TLS from the start or from STARTTLS on."""

    def __init__(self, context=None, *, at_once=False, answers=None):
        self.context, self.at_once, self.answers = context, at_once, answers or {}
        self.mails, self.logins, self.said, self.secured = [], [], [], []

    async def serve(self, reader, writer):
        secured = self.at_once

        async def say(line):
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 sink")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            self.said.append(verb)
            if verb in self.answers:
                await say(self.answers[verb])
            elif verb == "EHLO":
                for one in ("250-sink", *(["250-STARTTLS"] if self.context and not secured else []), "250 AUTH PLAIN"):
                    await say(one)
            elif verb == "STARTTLS":
                await say("220 go")
                await writer.start_tls(self.context)
                secured = True
            elif verb == "AUTH":
                self.logins.append(base64.b64decode(line.split()[2]).decode().split("\0")[1:])
                await say("235 ok")
            elif verb == "DATA":
                await say("354 go")
                body = await reader.readuntil(b"\r\n.\r\n")
                self.mails.append(email.message_from_bytes(body[:-5], policy=policy.default))
                self.secured.append(secured)
                await say("250 kept")
            else:
                await say("221 bye" if verb == "QUIT" else "250 ok")
            if verb == "QUIT":
                break
        writer.close()


@contextmanager
def served(sink):
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    context = sink.context if sink.at_once else None
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(sink.serve, "127.0.0.1", 0, ssl=context), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def certificate(ends: dt.datetime) -> tuple[bytes, bytes]:
    """A certificate for localhost that only who trusts it takes, and its key, both as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(ends - dt.timedelta(days=2)).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), private
