import pytest


@pytest.fixture(autouse=True)
def development(settings):
    settings.DEBUG = True  # The in-memory layer of the test settings is a fault elsewhere.
