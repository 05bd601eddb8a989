"""The contract's suite on PostgreSQL, and what may collide there with the strictest isolation."""

from pathlib import Path

import pytest

from tests.processes.inner_pytest import pass_all

CONTRACT = Path(__file__).with_name("test_contract.py")

SERIALIZABLE = "?options=-c%20default_transaction_isolation%3Dserializable&server_side_binding=true"
RUNS = {
    "as Django sets it": ("", "database"),
    "serializable, server-side binding": (SERIALIZABLE, "database and (many or batch or killed)"),
}


@pytest.mark.processes
@pytest.mark.parametrize(("options", "chosen"), RUNS.values(), ids=RUNS)
def test_the_contract_on_postgresql(postgres_url, options, chosen):
    pass_all("-m", "not processes", "-k", chosen, CONTRACT, DATABASE_URL=postgres_url + options)
