# make demo: the demo site on http://127.0.0.1:8000. make test: everything that is checked.
# make npm: the browser client as an npm package, in dist/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test npm
demo: $(VENV)/demo
	@$(BIN)/python manage.py demo

test: $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/run

npm: tests/js/node_modules/.package-lock.json
	@tests/js/package/build dist

$(VENV)/demo: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make demo PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/test: $(VENV)/demo tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

# npm writes this file last.
tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	npm ci --no-progress --loglevel error --prefix tests/$*
