"""The contract's suite on PostgreSQL."""

from pathlib import Path

import pytest

from tests.processes.inner_pytest import pass_all


@pytest.mark.processes
def test_the_contract_on_postgresql(postgres_url):
    contract = Path(__file__).with_name("test_contract.py")
    pass_all("-m", "not processes", "-k", "database", contract, DATABASE_URL=postgres_url)
