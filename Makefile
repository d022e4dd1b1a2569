# Everything that a user or a developer runs. `make` lists the targets.
.DEFAULT_GOAL := help
.PHONY: help up down check test verify coverage imports lint format dashboards pictures rules docs pages bench experiments forecasts secrets clean test-packages server-tests newer-programs container-programs packages wheels sbom deb

# Tests start some hundred programs, and each would compile its sources anew.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
environment := scripts/environment scripts/install-packages pyproject.toml constraints.txt $(wildcard scripts/requirements/*.txt)
services := ecotrack ecochain alertmanager prometheus grafana
comma := ,
asked := $(subst $(comma), ,$(ONLY))
wanted := $(or $(strip $(asked)),$(services))
programs := $(patsubst alertmanager,prometheus-alertmanager,$(filter prometheus alertmanager,$(wanted))) $(patsubst %,'%?',$(filter grafana,$(wanted)))
quick := "not full and not servers and not slow"
paths := exporter simulator grafana prometheus scripts tests bench

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' Makefile

up: ## Start the stack, Ctrl-C stops it; ONLY=SERVICE,SERVICE..., ECOTRACK_CONFIG=FILE, ECOTRACK_FLAGS=FLAG, ECOCHAIN_EXPERIMENTS=DIR
ifneq ($(filter-out $(services),$(asked)),)
	@echo "make up: ONLY: expected names out of $(services), got $(ONLY)" >&2; exit 2
endif
ifeq ($(filter ecochain,$(wanted)),)
	@$(MAKE) --silent --no-print-directory .venv/base.stamp
else
	@$(MAKE) --silent --no-print-directory .venv/run.stamp || $(MAKE) --silent --no-print-directory .venv/base.stamp
endif
	@scripts/install-packages $(programs)
	@$(python) -m scripts.up

down: ## Stop what `make up` started
	@if [ -x $(python) ]; then $(python) -m scripts.up --stop; else echo "Nothing is running."; fi

check: .venv/dev.stamp ## Check style, types and imports, and run the tests that need no server and little time
	@status=0; $(MAKE) --no-print-directory lint || status=1; \
	$(python) -m pytest --numprocesses=2 --quiet -m $(quick) || status=1; \
	exit $$status

coverage: .venv/dev.stamp ## Run the tests of `make check` and print the lines that they reach; at least 90 % of them
	$(python) -m pytest --numprocesses=2 --quiet -m $(quick) \
	    --cov=exporter --cov=simulator --cov-report=term:skip-covered --cov-fail-under=90

test: .venv/dev.stamp test-packages ## Check style and types, and run every test, those that need a server by themselves
	@status=0; $(python) -m pytest --numprocesses=2 -m "not full and not servers" || status=1; \
	$(MAKE) --no-print-directory --keep-going --jobs=2 lint server-tests || status=1; \
	exit $$status

test server-tests: export HYPOTHESIS_PROFILE := same

# They wait for most of their time, so that four at a time, and the check of types beside them, keep two cores busy.
server-tests: .venv/dev.stamp test-packages
	$(python) -m pytest --numprocesses=4 --dist=loadfile -m "servers and not full"

verify: .venv/dev.stamp test-packages container-programs ## Run the tests at their full sizes, the benchmarks and the experiments
	@scripts/install-packages texlive-latex-recommended golang-go golang-golang-x-mod-dev
	$(python) -m pytest -o faulthandler_timeout=7200
	@$(MAKE) --no-print-directory bench experiments

lint: .venv/dev.stamp ## Check style, types and imports
	@status=0; $(python) -m ruff check --quiet $(paths) || status=1; \
	$(python) -m ruff format --quiet --check $(paths) || status=1; \
	$(python) -m mypy || status=1; \
	$(python) -m scripts.imports --quiet || status=1; \
	exit $$status

imports: .venv/base.stamp ## Print import circles, fan-in and fan-out of every module
	$(python) -m scripts.imports

format: .venv/dev.stamp ## Put the code into the house style
	$(python) -m ruff check --quiet --fix $(paths)
	$(python) -m ruff format $(paths)

dashboards: .venv/dashboards.stamp ## Write grafana/dashboards/ from the code beside it
	$(python) -m grafana

pictures: .venv/dev.stamp ## Renew all pictures in docs/images, in half an hour and as root; ONLY=pages,grids some of them
	@scripts/install-packages chromium prometheus prometheus-alertmanager iproute2
	@$(python) -m scripts.pictures $(subst $(comma), ,$(ONLY))

rules: .venv/base.stamp ## Write prometheus/rules/ from the table beside it
	$(python) -m prometheus

docs: .venv/docs.stamp ## Write docs/reference/ from the metric and configuration tables
	$(python) -m scripts.reference

pages: .venv/dev.stamp ## Check all links of the pages, and run all their commands in a sandbox, as root; PAGES=FILE for some
	$(python) -m scripts.pages
	@scripts/install-packages prometheus prometheus-alertmanager iproute2 curl chromium golang-go golang-golang-x-mod-dev
	$(python) -m scripts.pages commands $(PAGES)

bench: .venv/dev.stamp test-packages ## Run the benchmarks, for hours on a quiet machine; writes bench/results/
	$(python) -m bench.server_bench --record
	$(python) -m bench.exporter_bench --record
	$(python) -m bench.processes_bench --record
	$(python) -m bench.placement_bench --record
	$(python) -m bench.simulator_bench --record
	$(python) -m bench.first_compile --record
	$(python) -m bench.report_bench --record
	$(python) -m bench.suite_bench --record
	$(python) -m bench.projection_bench --record
	$(python) -m bench.projection_bound --record
	$(python) -m bench.dashboard_bench --record
	$(python) -m bench.fleet_bench --record
	$(python) -m bench.activity_bench --record
	$(python) -m bench.attribution_error --record
	$(python) -m bench.process_bytes_bench --record
	$(python) -m bench.sock_diag_bench --record
	$(python) -m bench.grid_bench --record
	$(python) -m bench.supply_bench --record
	$(python) -m bench.ledger_bench --record
	$(python) -m bench.ledger_suite_bench --record
	$(python) -m bench.forecast_bench --record
	$(python) -m bench.consensus_bench --record
	$(python) -m bench.consensus_model --record
	$(python) -m bench.ledger_store_bench --record
	$(python) -m bench.ledger_replay_bench --record
	$(python) -m bench.forecast_floor --record
	$(python) -m bench.horizon_bench --record
	$(python) -m bench.alert_delay --record
	$(python) -m bench.rate_definitions --record
	$(python) -m bench.remote_write_bench --record
	$(python) -m bench.soak --record

experiments: .venv/dev.stamp ## Run every experiment but forecasts, an hour of CPU time; writes bench/results/experiments/
	@for scenario in regions edge published; do for name in baseline ablation scaling peers factorial sensitivity; do \
	    case $$scenario-$$name in published-factorial | published-sensitivity | regions-scaling) continue ;; esac; \
	    .venv/bin/ecochain experiment $$name --scenario $$scenario --workers 2 --output bench/results/experiments || exit 1; \
	done; done
	.venv/bin/ecochain experiment slope --scenario flexible --workers 2 --output bench/results/experiments
	$(python) -m scripts.experiment_pictures

forecasts: .venv/dev.stamp ## Compare all forecasters on typical years and generated grids, an hour of CPU time; writes bench/results/forecast/
	.venv/bin/ecochain forecast evaluate --workers 2 --output bench/results/forecast/full \
	    --models ridge boosting MLP ensemble "published LSTM:3" LSTM:1
	.venv/bin/ecochain forecast evaluate --workers 2 --output bench/results/forecast/intensity-seed-1 \
	    --kind intensity --models ridge boosting MLP ensemble --seeds 1

packages: .venv/base.stamp ## Write wheel and source archive into dist/, the same bytes for the same commit
	$(python) -m scripts.packages

deb: .venv/base.stamp ## Write the exporter's package for Debian 12 into dist/; ARCH=arm64 for another processor
	$(python) -m scripts.deb $(if $(ARCH),--arch $(ARCH))

wheels: .venv/base.stamp ## Print which wheels for 64-bit ARM there are of all that constraints.txt pins
	$(python) -m scripts.wheels

sbom: .venv/base.stamp ## Write the bill of materials of an installed exporter into dist/, as CycloneDX
	$(python) -m scripts.sbom

secrets: secrets/grafana-admin-password ## Make the password that Compose hands to Grafana

clean: down ## Remove the environment and caches; totals and history in .run/ stay
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist *.egg-info
	find $(paths) docs -type d -name __pycache__ -prune -exec rm -rf {} +

# Each target gets the packages that it needs and no more; a larger set stands for the smaller ones in it.
.venv/base.stamp: $(environment)
	@scripts/environment
	@touch $@

.venv/docs.stamp: $(environment)
	@scripts/environment docs
	@touch .venv/base.stamp $@

.venv/dashboards.stamp: $(environment)
	@scripts/environment dashboards
	@touch .venv/base.stamp $@

.venv/run.stamp: $(environment)
	@scripts/environment simulator
	@touch .venv/base.stamp .venv/docs.stamp $@

.venv/dev.stamp: $(environment)
	@scripts/environment dev
	@touch .venv/base.stamp .venv/docs.stamp .venv/dashboards.stamp .venv/run.stamp $@

newer-programs: ## Fetch Prometheus, Alertmanager and Compose of Debian's suite sid, for tests with both generations
	@scripts/fetch-newer-programs .cache/newer-programs

container-programs: newer-programs ## Fetch a Docker engine that is not installed, for the test of the Compose stack in containers
	@scripts/fetch-docker-engine .cache/docker-engine
	@scripts/install-packages debootstrap

test-packages:
	@scripts/install-packages prometheus prometheus-alertmanager prometheus-node-exporter chromium iproute2
	@scripts/install-packages npm
	@scripts/install-packages victoria-metrics

# The folder is closed to other users, and the file in it open: Compose mounts the file itself, and Grafana reads it
# there as a user of its own.
secrets/grafana-admin-password:
	@mkdir -p secrets && chmod 700 secrets
	@python3 -c 'import secrets; print(secrets.token_urlsafe(18))' >$@ && chmod 444 $@
	@echo "Grafana's password for the user admin is in $@"
