"""A small shop API: FastAPI on SQLite. The service that perfplug's examples measure."""
