"""Opening a store: today's tables, whoever wrote it, and clear words where it fails."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from tallystick.model import ConfigError, UnavailableError, VerificationError
from tallystick.store import open_store
from tallystick.store.tables import METADATA


def test_migrations_make_the_tables_that_the_program_knows(store):
    """No column, index or constraint is in one and not in the other."""
    with store.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []


def test_a_newer_store_is_refused_and_left_alone(url):
    """A program that does not know its tables must not write them."""
    store = open_store(url)
    with store.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(VerificationError) as caught:
        open_store(url)
    assert caught.value.code == "store-newer"


@pytest.mark.parametrize("url", ["", "nothing", "mysql://host/db", "sqlite"])
def test_a_url_that_is_none_is_refused(url):
    """With the two kinds that are known."""
    with pytest.raises(ConfigError, match="sqlite:///PATH or postgresql://"):
        open_store(url)


@pytest.mark.parametrize(
    "url",
    ["sqlite:////proc/nowhere/store.db", "postgresql://tally@127.0.0.1:1/tally"],
)
def test_a_store_out_of_reach_is_said(url):
    """In a sentence that names the reason."""
    with pytest.raises(UnavailableError, match="cannot be opened: "):
        open_store(url)


def test_no_error_repeats_what_is_kept(store):
    """Rows may hold numbers."""
    wrong = text("INSERT INTO cases (id) VALUES (:number)")
    with pytest.raises(SQLAlchemyError) as caught, store.write() as connection:
        connection.execute(wrong, [{"number": "+375291234567"}])
    shown = str(caught.value).replace(str(caught.value.orig), "")
    assert "+375291234567" not in shown
