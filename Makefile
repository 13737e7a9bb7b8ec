# Two commands do everything: `make run` and `make test`. The rest is for people who work on mixrunners.
.DEFAULT_GOAL := help
SHELL := /bin/sh
export CARGO_TERM_COLOR ?= auto

DATA ?= ./data
LISTEN ?= 127.0.0.1:8080

.PHONY: help run build test test-tools lint page page-test bench bench-peers chaos upload-kills planted promises score screenshots clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

run: build ## build everything, start the service, open the way in
	./target/release/mixrunners serve --data $(DATA) --listen $(LISTEN) --open

build: page ## the release program, with the page inside
	@sh deploy/need.sh cargo:rust cc:gcc
	cargo build --release --locked

page: web/dist/index.html ## the page alone (without Node the program still builds, and says what is missing)

PAGE_SOURCES := $(shell find web/src -type f 2>/dev/null) web/index.html web/package.json web/package-lock.json web/vite.config.ts
web/dist/index.html: $(PAGE_SOURCES)
	@if command -v npm >/dev/null 2>&1; then $(MAKE) --no-print-directory web/node_modules/.installed && npm --prefix web run build; \
	else echo 'mixrunners: Node is missing, so the page is left out (the command line and the API work). Install Node 20 or later and run this again.'; fi

web/node_modules/.installed: web/package.json web/package-lock.json
	npm --prefix web ci --no-fund --no-audit
	@touch $@

test: page ## everything: style, units, conformance, the service, the page in a real browser
	@sh deploy/need.sh cargo:rust cc:gcc ffmpeg:ffmpeg sox:sox flac:flac lame:lame chromium:chromium npm:npm \
		initdb:postgresql strace:strace faketime:faketime unshare:util-linux python3:python3-venv
	@$(MAKE) --no-print-directory test-tools
	$(MAKE) --no-print-directory lint
	CI=true cargo test --workspace --locked --no-fail-fast
	$(MAKE) --no-print-directory page-test

test-tools: ## an S3 server and a tus client that are not ours, below target/
	@sh fixtures/install_python.sh moto 'moto[server]==5.2.5'
	@sh fixtures/install_python.sh tuspy 'tuspy==1.1.0'

page-test: page
	npm --prefix web run check
	npm --prefix web test
	cargo test --workspace --locked --no-run # the same command shape, so that nothing is built twice
	sh tests/page.sh target/debug/mixrunners

lint:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

CHAOS ?= 1 300 100
chaos: ## kills workers, APIs and databases at random while 300 jobs are ordered (CHAOS="SEED JOBS FAULTS" for others)
	@sh deploy/need.sh cargo:rust cc:gcc initdb:postgresql
	MIXRUNNERS_CHAOS="$(CHAOS)" cargo test --workspace --locked --test suite -- chaos:: --nocapture --test-threads 1

UPLOAD_KILLS ?= 1 1024 50
upload-kills: ## uploads 1 GiB to a service that is killed 50 times (UPLOAD_KILLS="SEED MIB KILLS" for others)
	@sh deploy/need.sh cargo:rust cc:gcc
	MIXRUNNERS_UPLOAD_KILLS="$(UPLOAD_KILLS)" cargo test --workspace --locked --test suite -- upload_kills:: --nocapture

promises: ## runs the tests that bear the id of a promise, and tells which rows of docs/promises.md have none
	@sh deploy/need.sh cargo:rust cc:gcc initdb:postgresql faketime:faketime strace:strace python3:python3-venv
	@python3 tests/promises.py

planted: ## puts known bugs into a copy of the sources, one by one, and sees the tests catch each (ONLY="words" for one)
	@sh deploy/need.sh cargo:rust cc:gcc initdb:postgresql strace:strace faketime:faketime python3:python3-venv
	python3 tests/planted/run.py "$(ONLY)"

bench: ## times real time, stage by stage and file to file, beside ffmpeg on the same file
	@sh deploy/need.sh cargo:rust cc:gcc ffmpeg:ffmpeg initdb:postgresql
	cargo bench --locked -p dsp -p mixrunners -p store --bench meters --bench master --bench end_to_end --bench cage --bench queue

bench-peers: ## ours beside other masterers on one song (SONG=file.wav for yours); installs them under target/peers
	@sh deploy/need.sh cargo:rust cc:gcc ffmpeg:ffmpeg sox:sox python3:python3-venv
	cargo build --release --locked
	sh benches/peers/run.sh $(SONG)

score: ## judges masters by ear's figures: made songs, or SONGS=folder of yours; installs its judge under target/score
	@sh deploy/need.sh cargo:rust cc:gcc ffmpeg:ffmpeg python3:python3-venv
	cargo build --release --locked
	sh benches/score/run.sh $(SONGS)

clean: ## what was built (never ./data)
	cargo clean
	rm -rf web/dist web/node_modules
