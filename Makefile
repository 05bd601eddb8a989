# make demo: the demo site on http://127.0.0.1:8000. make test: everything that is checked.
# make examples: seven small apps to copy from, on http://127.0.0.1:8001.
# make check: format, lint, types and unit tests in both languages, in less than a minute.
# make client: the browser client in one file, beside its modules. make npm: the client as an npm
# package, in dist/. make release: all packages of a version, in dist/, built twice and compared.
# make matrix: the unit tests of realtime on each Python and Django that is supported.
# make bench: this project beside its peers, in 12 minutes on two cores that have nothing else to do;
# QUICK=1 only sees that all runs.
# make bench-compare REV=v1: this checkout beside an older revision, what has become slower since.
# make outage: real browsers after four minutes without a connection. make storm: faults of all kinds
# for two minutes. make cuts: all cuts in real browsers, of which make test leaves out a few.
# make webhooks: each kind of lost webhook, in two browsers.
# make picture: the README's picture of a desk.
# make desk: each control of the desk, by mouse and keys, in each state.
# make voice-sdk: Twilio's SDK for agents' phones in the browser, which only a real phone company needs.
PYTHON ?= python3
# SocketShark's requirements are not to be had for a newer one.
SOCKETSHARK_PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo examples test check npm voice-sdk bench bench-compare outage storm cuts webhooks desk picture system client release matrix
demo: $(VENV)/demo
	@$(BIN)/python manage.py demo

examples: $(VENV)/demo
	@$(BIN)/python -m examples

# What is downloaded from three places comes at the same time.
test:
	@$(MAKE) --silent --jobs=3 --output-sync=target $(VENV)/test system
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/run

check: $(VENV)/test
	@! command -v npm >/dev/null || $(MAKE) --silent tests/js/node_modules/.package-lock.json
	@PATH="$(CURDIR)/$(BIN):$$PATH" tests/run check

# make docs: the documentation as a site, in dist/docs; a link to nowhere is an error.
.PHONY: docs
docs: $(VENV)/docs
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "dist/docs/index.html; with its search: python3 -m http.server --directory dist/docs"

client: tests/js/node_modules/.package-lock.json
	@release/bundle

npm: tests/js/node_modules/.package-lock.json
	@tests/js/package/build dist

release: release/.venv/ready tests/js/node_modules/.package-lock.json
	@PATH="$(CURDIR)/$(<D)/bin:$$PATH" release/build dist

matrix:
	@$(PYTHON) -m tests.matrix

voice-sdk: calls/static/calls/vendor/twilio.min.js

# The bundle has the licences of all that is in it beside it.
calls/static/calls/vendor/twilio.min.js: calls/voice_sdk/package-lock.json
	npm ci --omit dev --no-progress --loglevel error --prefix calls/voice_sdk
	mkdir -p $(@D)
	cp calls/voice_sdk/node_modules/@twilio/voice-sdk/LICENSE.md $(@D)/
	cp calls/voice_sdk/node_modules/@twilio/voice-sdk/dist/twilio.min.js $@
	touch $@

bench: system benchmarks/.venv/ready benchmarks/.venv-socketshark/ready benchmarks/node/node_modules/.package-lock.json
	@benchmarks/.venv/bin/python -m benchmarks $(if $(QUICK),--quick)

bench-compare: system benchmarks/.venv/ready
	@benchmarks/.venv/bin/python -m benchmarks.compare $(REV)

desk: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -v -n 2 --dist loadfile tests/browsers/test_desk_inputs.py tests/browsers/test_desk_states.py

picture: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" python -m tests.site.picture

outage: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" pytest -v -n 3 tests/cuts/outage.py

storm: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" FAULTS_GUSTS=4 pytest -v -s tests/faults/test_storm.py

cuts: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" CUTS=all pytest -v -n 2 --dist loadfile tests/cuts

webhooks: system $(VENV)/test
	@PATH="$(CURDIR)/$(BIN):$$PATH" WEBHOOKS=all pytest -v tests/browsers/test_lost_webhooks.py

system:
	+@tests/install

$(VENV)/demo: requirements.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make demo PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	touch $@

$(VENV)/docs: $(VENV)/demo docs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	touch $@

# One after the other: two pips would write into the same folder.
$(VENV)/test: $(VENV)/docs tests/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	touch $@

# npm writes this file last.
tests/%/node_modules/.package-lock.json: tests/%/package-lock.json
	npm ci --no-progress --loglevel error --prefix tests/$*

benchmarks/node/node_modules/.package-lock.json: benchmarks/node/package-lock.json
	npm ci --no-progress --loglevel error --prefix benchmarks/node

%/.venv/ready: %/requirements.txt
	test -x $(@D)/bin/python || $(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@

benchmarks/.venv-socketshark/ready: benchmarks/requirements-socketshark.txt
	test -x $(@D)/bin/python || $(SOCKETSHARK_PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	touch $@
