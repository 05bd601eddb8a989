"""The contract's suite on PostgreSQL, with the settings of a database that change what it does."""

from pathlib import Path

import pytest

from tests.processes.inner_pytest import pass_all

HERE = Path(__file__).parent

OPTIONS = {
    "as Django sets it": "",
    "repeatable read, server-side binding": (
        "?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
        "&server_side_binding=true"
    ),
    "serializable": "?options=-c%20default_transaction_isolation%3Dserializable",
}


@pytest.mark.processes
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_all_of_this_on_postgresql(postgres_url, options):
    arguments = "-m", "not processes", "-k", "not memory and not prefix", HERE
    pass_all(*arguments, DATABASE_URL=postgres_url + options)
