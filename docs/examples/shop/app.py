"""The shop's endpoints: list, detail, create, search, health, and a sales report that is slow by nature."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request, status
from pydantic import BaseModel, Field

from shop.database import Database, seed


class Product(BaseModel):
    id: int
    name: str
    category: str
    price_cents: int


class NewOrder(BaseModel):
    product_id: int
    quantity: int = Field(ge=1, le=100)


class Order(BaseModel):
    id: int
    product_id: int
    quantity: int
    total_cents: int


class Sales(BaseModel):
    month: str
    category: str
    orders: int
    revenue_cents: int


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """A fresh shop in a temporary file, gone when the server stops."""
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        database = Database(Path(folder, "shop.sqlite"))
        seed(database)
        app.state.database = database
        try:
            yield
        finally:
            database.close()


app = FastAPI(title="shop", lifespan=lifespan)


def connection(request: Request) -> sqlite3.Connection:
    database: Database = request.app.state.database
    return database.connection()


# Plain functions, not coroutines: FastAPI runs them in threads, because SQLite blocks.


@app.get("/health")
def health(request: Request) -> dict[str, str]:
    connection(request).execute("SELECT 1 FROM products LIMIT 1")
    return {"status": "ok"}


@app.get("/products")
def list_products(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> list[Product]:
    rows = connection(request).execute("SELECT * FROM products ORDER BY id LIMIT ? OFFSET ?", (limit, offset))
    return [Product(**row) for row in rows]


@app.get("/products/{product_id}")
def show_product(request: Request, product_id: int) -> Product:
    row = connection(request).execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
    if row is None:
        raise HTTPException(status.HTTP_404_NOT_FOUND, "no such product")
    return Product(**row)


@app.get("/search")
def search(request: Request, q: Annotated[str, Query(min_length=2)]) -> list[Product]:
    rows = connection(request).execute(
        "SELECT * FROM products WHERE instr(name, lower(?)) > 0 ORDER BY price_cents LIMIT 20", (q,)
    )
    return [Product(**row) for row in rows]


@app.post("/orders", status_code=status.HTTP_201_CREATED)
def create_order(request: Request, order: NewOrder) -> Order:
    product = show_product(request, order.product_id)
    month = datetime.now(timezone.utc).strftime("%Y-%m")
    [created] = connection(request).execute(
        "INSERT INTO orders (product_id, quantity, price_cents, month) VALUES (?, ?, ?, ?) RETURNING id",
        (order.product_id, order.quantity, product.price_cents, month),
    )
    return Order(
        id=created["id"],
        product_id=order.product_id,
        quantity=order.quantity,
        total_cents=order.quantity * product.price_cents,
    )


@app.get("/reports/sales")
def report_sales(request: Request) -> list[Sales]:
    """Slow: it reads every order ever placed."""
    rows = connection(request).execute(
        "SELECT month, category, count(*) AS orders, sum(quantity * orders.price_cents) AS revenue_cents"
        " FROM orders JOIN products ON products.id = product_id GROUP BY month, category ORDER BY month, category"
    )
    return [Sales(**row) for row in rows]
