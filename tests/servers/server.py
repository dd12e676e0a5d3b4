"""A server that answers as its path says: well (answers.py) or badly (faults.py); over TCP, TLS or a unix socket."""

from __future__ import annotations

import argparse
import ssl

import serving
from answers import ANSWERS, response
from faults import FAULTS

HANDLERS = ANSWERS | FAULTS


def handle(connection: serving.Connection, request: serving.Request) -> bool:
    handler = HANDLERS.get(request.path)
    if handler is None:
        connection.send(response(b"", status="404 Not Found"))
        return True
    return handler(connection, request)


def tls_context(options: argparse.Namespace) -> ssl.SSLContext | None:
    if options.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{options.certificate}.pem", f"{options.certificate}.key")
    if options.client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(options.client_ca)
    return context


def main() -> None:
    parser = serving.arguments(__doc__ or "")
    parser.add_argument("--certificate", help="speak TLS with PATH.pem and PATH.key")
    parser.add_argument("--client-ca", help="ask clients for a certificate signed by this one")
    options = parser.parse_args()
    serving.serve(options, handle, tls_context(options))


if __name__ == "__main__":
    main()
