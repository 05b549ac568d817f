from penstock.web.db.capacity import allowed_connections


def test_sqlite_counts_no_connections(databases, url) -> None:
    databases(default={"URL": url, "MAX_CONNECTIONS": 9})
    assert allowed_connections("default") == (9, None)
