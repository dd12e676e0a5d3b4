"""The shop's data: a catalogue of 2,000 products and a history of 60,000 orders, seeded the same way each time."""

from __future__ import annotations

import random
import sqlite3
import threading
from pathlib import Path

PRODUCTS = 2_000
ORDERS = 60_000

CATEGORIES = ("kitchen", "garden", "office", "travel", "sports")
ADJECTIVES = ("copper", "folding", "oak", "silent", "compact", "woollen", "waterproof", "classic")
NOUNS = ("kettle", "lamp", "rucksack", "chair", "notebook", "bottle", "toolbox", "blanket", "clock", "racket")

SCHEMA = """
CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    price_cents INTEGER NOT NULL
);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    price_cents INTEGER NOT NULL,
    month TEXT NOT NULL
);
"""


class Database:
    """One SQLite file; each thread that asks gets a connection of its own, so that reads run side by side."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()
        self._lock = threading.Lock()
        self._connections: list[sqlite3.Connection] = []

    def connection(self) -> sqlite3.Connection:
        """This thread's connection. It commits by itself after each statement."""
        mine: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if mine is None:
            mine = self._local.connection = self._connect()
            with self._lock:
                self._connections.append(mine)
        return mine

    def close(self) -> None:
        """Closes every thread's connection; call it when no request is under way."""
        with self._lock:
            for connection in self._connections:
                connection.close()
            self._connections.clear()

    def _connect(self) -> sqlite3.Connection:
        # Closed by another thread than the one that uses it, hence check_same_thread.
        connection = sqlite3.connect(self._path, isolation_level=None, timeout=10, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")  # readers do not wait for the writer
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection


def seed(database: Database) -> None:
    """Fills an empty database. The same seed makes the same shop, so that measurements compare."""
    dice = random.Random(1)
    products = [
        (
            number,
            f"{dice.choice(ADJECTIVES)} {dice.choice(NOUNS)} {number}",
            dice.choice(CATEGORIES),
            dice.randrange(200, 20_000),
        )
        for number in range(1, PRODUCTS + 1)
    ]
    prices = {number: price for number, _, _, price in products}
    orders = [
        (product, dice.randrange(1, 5), prices[product], f"2026-{dice.randrange(1, 13):02}")
        for product in dice.choices(range(1, PRODUCTS + 1), k=ORDERS)
    ]
    connection = database.connection()
    connection.executescript(SCHEMA)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO products VALUES (?, ?, ?, ?)", products)
    connection.executemany("INSERT INTO orders (product_id, quantity, price_cents, month) VALUES (?, ?, ?, ?)", orders)
    connection.execute("COMMIT")
