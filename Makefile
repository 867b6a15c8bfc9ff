# The developers' commands. `make` lists them.
# Each one prepares what it needs on its own and is quick the second time.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

VENV := .venv
PY := $(VENV)/bin/python
# What checks the JavaScript, pinned: the program itself needs neither Node nor anything from npm.
JS := config/javascript
# The Python that makes .venv; empty: the first usable one on PATH.
PYTHON ?=

# The checks and the tests look at the program as a developer runs it, whatever this machine's .env says.
TEST_ENVIRONMENT := DEBUG=1 ENV_FILE=/dev/null
# The tests start the program some hundred times, on many machines told to keep no bytecode: it is compiled once.
COMPILED_ONCE := PYTHONDONTWRITEBYTECODE=
# A production-like environment, for the checks that only such a one can fail.
DEPLOY_ENVIRONMENT := DEBUG=0 ENV_FILE=/dev/null ALLOWED_HOSTS=chat.example.org \
	SECRET_KEY=not-a-secret-but-long-enough-for-the-check-of-a-deployment-0123456789

.PHONY: help run setup test check bench faults fuzz format requirements clean packages packages-dev packages-js system

help: ## list the commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

run: packages ## serve on http://127.0.0.1:8000 (HOST, PORT), with a database and demo people; Ctrl+C stops it
	@exec $(PY) -m config.serve --laptop

setup: packages-dev packages-js system ## install everything that running, testing and checking need, now
	@echo 'Ready: make run, make test, make check.'

test: packages-dev system ## run all tests: SQLite, PostgreSQL, browser
	@$(TEST_ENVIRONMENT) $(COMPILED_ONCE) $(PY) -m tests.run $(TESTS)

check: packages-dev packages-js ## lint, types, import law, words, JavaScript, templates, migrations, deployment settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(TEST_ENVIRONMENT) $(PY) -m mypy
	$(TEST_ENVIRONMENT) $(VENV)/bin/lint-imports --no-cache
	$(PY) -m tests.words
	$(PY) -m tests.layers
	$(JS)/node_modules/.bin/eslint -c $(JS)/eslint.config.js static/chat/js $(JS)
	node $(JS)/types.js
	$(PY) -m djlint templates --lint --quiet
	$(TEST_ENVIRONMENT) $(PY) manage.py makemigrations --check --dry-run
	$(DEPLOY_ENVIRONMENT) $(PY) manage.py check --deploy --fail-level WARNING

bench: packages-dev system ## measure, beside other servers; writes docs/performance.md (ONLY=fanout,streams; QUICK=1 writes nothing)
	@$(call install,requirements-bench.txt)
	@$(TEST_ENVIRONMENT) $(PY) -m bench $(if $(ONLY),--only $(ONLY)) $(if $(QUICK),--quick) $(if $(ROUNDS),--rounds $(ROUNDS))

faults: packages-dev system ## break everything for MINUTES (10) on each of two installations, and count what was lost
	@$(TEST_ENVIRONMENT) $(PY) -m tests.faults --minutes $(or $(MINUTES),10)

fuzz: packages-dev ## send a running server nearly right input for SECONDS (600)
	@$(TEST_ENVIRONMENT) FUZZ_SECONDS=$(or $(SECONDS),600) $(PY) -m pytest tests/socket/test_fuzz.py -q -s

format: packages-dev ## lay out the Python files and fix what ruff can fix
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Keeps the pins that are there. To move one: delete its line first, or all lines to move everything.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 pyproject.toml
requirements: ## pin pyproject.toml's dependencies again (needs uv)
	@command -v uv >/dev/null || { echo 'This needs uv: python3 -m pip install uv' >&2; exit 1; }
	$(COMPILE) --custom-compile-command 'make requirements' -o requirements.txt
	@$(call pin_more,requirements-push.txt,requirements.txt,--extra push,web push needs)
	@$(call pin_more,requirements-dev.txt,requirements-push.txt,--extra push --group dev,tests and checks need)

# Pins in file 1 what file 2 and those that it includes do not have, by the options of 3; 4 says what for.
define pin_more
{ grep -v '^-r' $(1) || true; } > $(VENV)/more.txt && \
$(COMPILE) $(3) --no-header --no-annotate -c $(2) -o $(VENV)/more.txt && \
{ echo '# Made by `make requirements`: what $(4) beside $(2).'; echo '-r $(2)'; \
	cat requirements.txt $(filter-out requirements.txt,$(2)) | grep -vxFf - $(VENV)/more.txt; } > $(VENV)/more.tmp && \
mv $(VENV)/more.tmp $(1) && rm $(VENV)/more.txt
endef

clean: ## remove what these commands made, except databases and .env
	rm -rf $(VENV) $(JS)/node_modules staticfiles test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find accounts bench chat config fake_claude tests -name __pycache__ -prune -exec rm -rf {} +

# --- What the commands stand on ------------------------------------------------------------------------------------

# A copy of the file as last installed tells whether anything changed: time stamps lie after a checkout or a copy.
packages:
	@$(call make_venv)
	@$(call install,requirements.txt)

packages-dev: packages
	@$(call install,requirements-push.txt)
	@$(call install,requirements-dev.txt)

packages-js: packages
	@$(PY) -m config.system_packages checks
	@cmp -s $(JS)/package-lock.json $(JS)/node_modules/installed-package-lock.json || { \
		echo 'Installing the packages of $(JS)/package-lock.json (once) ...' && \
		npm ci --prefix $(JS) --silent && \
		cp $(JS)/package-lock.json $(JS)/node_modules/installed-package-lock.json; }

system:
	@$(PY) -m config.system_packages tests

define make_venv
$(PY) -c '' 2>/dev/null || sh config/make_venv.sh $(VENV) $(PYTHON)
endef

define install
cmp -s $(1) $(VENV)/installed-$(1) || { \
	echo 'Installing the packages of $(1) (once) ...' && \
	$(PY) -m pip install --quiet --disable-pip-version-check --no-input --requirement $(1) && \
	cp $(1) $(VENV)/installed-$(1); }
endef
