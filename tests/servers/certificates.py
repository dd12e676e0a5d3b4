"""Certificates made on the spot: an authority, servers good and bad, and a client. Needs ``cryptography``."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK = (x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
ELSEWHERE = (x509.DNSName("elsewhere.invalid"),)
DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Identity:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path, name: str) -> None:
        """``name``.pem and ``name``.key in ``folder``."""
        (folder / f"{name}.pem").write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        (folder / f"{name}.key").write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )


def make(
    name: str,
    *,
    names: tuple[x509.GeneralName, ...] = LOOPBACK,
    signed_by: Identity | None = None,
    authority: bool = False,
    days: int = 1,
) -> Identity:
    """Valid since ten days ago and for ``days`` to come (negative: over). Self-signed without ``signed_by``."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime.datetime.now(datetime.timezone.utc) - 10 * DAY
    end = start + (10 + days) * DAY
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signed_by.certificate.subject if signed_by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    if not authority:
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    return Identity(builder.sign(signed_by.key if signed_by else key, hashes.SHA256()), key)


def write_all(folder: Path) -> None:
    """ca, good, expired, wrong-host, client (signed by ca) and self-signed: .pem and .key of each."""
    ca = make("perfplug test authority", authority=True)
    identities = {
        "ca": ca,
        "good": make("localhost", signed_by=ca),
        "expired": make("localhost", signed_by=ca, days=-1),
        "wrong-host": make("elsewhere.invalid", names=ELSEWHERE, signed_by=ca),
        "client": make("a client", signed_by=ca),
        "self-signed": make("localhost"),
    }
    for name, identity in identities.items():
        identity.write(folder, name)
