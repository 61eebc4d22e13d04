# make run        build what is here and start it with targets/
# make test       install what the tests need, lint, build, run every test
# make bench      measure in release; ONLY=word runs what has the word in its name
# make coverage   which lines the tests reach
# make test-sanitize   the tests under AddressSanitizer and ThreadSanitizer
# make test-faults     the long kill tests
# make install PREFIX=/usr/local   copy the program and its manual files
# make deb        a Debian package in .build/deb

SHELL := /bin/bash
SWIFT ?= swift
PREFIX ?= /usr/local
RELEASE := -c release --static-swift-stdlib --product weir
SOURCES := Sources Tests Benchmarks Package.swift

.PHONY: run release test lint bench coverage test-sanitize test-faults install deb clean

run: release
	@exec .build/release/weir run --config.file=targets/prometheus.yml --storage.tsdb.path=data

release:
	@scripts/setup build
	@scripts/progress "building Weir (a first build takes some minutes)" $(SWIFT) build $(RELEASE)

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory lint
	@scripts/progress "building Weir and its tests" $(SWIFT) build --build-tests
	@$(SWIFT) test --skip-build --parallel 2>&1 | scripts/summary

lint:
	@$(SWIFT) format lint --strict --recursive $(SOURCES)

bench:
	@scripts/setup test
	@scripts/progress "building the benchmarks" $(SWIFT) build -c release --product Benchmarks
	@$(SWIFT) run -c release --skip-build Benchmarks $(ONLY)

coverage:
	@scripts/setup test
	@$(SWIFT) test --enable-code-coverage --parallel 2>&1 | scripts/summary
	@scripts/coverage

# AddressSanitizer's leak check stays off: the test library itself leaks. The signal handlers of
# Swift's backtraces get in the way of both.
test-sanitize: export SWIFT_BACKTRACE := enable=no
test-sanitize:
	@scripts/setup test
	@echo "AddressSanitizer"
	@ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --build-path .build/address \
	  --parallel 2>&1 | scripts/summary
	@echo "ThreadSanitizer"
	@TSAN_OPTIONS=suppressions=$(CURDIR)/scripts/tsan-suppressions \
	  $(SWIFT) test --sanitize=thread --build-path .build/thread --parallel 2>&1 | scripts/summary

test-faults: export WEIR_FAULT_ROUNDS := 20
test-faults:
	@scripts/setup test
	@$(SWIFT) test --filter Fault 2>&1 | scripts/summary

install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	install -m 755 .build/release/weir $(DESTDIR)$(PREFIX)/bin/weir
	.build/release/weir completion bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/weir

deb: release
	@scripts/deb

clean:
	@$(SWIFT) package clean
