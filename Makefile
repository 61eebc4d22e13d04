# make run        build what is here and start it with targets/
# make test       install what the tests need, lint, build, run every test
# make bench      measure in release; ONLY=word runs what has the word in its name
# make coverage   which lines the tests reach
# make test-promql     the language beside Prometheus: its scripts, 5,000 questions to both
# make test-sanitize   the tests under AddressSanitizer and ThreadSanitizer
# make test-faults     the long kill tests
# make install PREFIX=/usr/local   copy the program, its manual page and completions; or uninstall
# make deb        a Debian package in .build/deb

SHELL := /bin/bash
export SWIFT ?= swift
PREFIX ?= /usr/local
PROGRAM := .build/release/weir
SOURCES := Sources Tests Benchmarks Package.swift
# Eight at a time: tests share two threads, and what waits for an answer must not wait for them all.
RUN_TESTS := scripts/summary $(SWIFT) test --disable-xctest --parallel \
  --experimental-maximum-parallelization-width 8

.PHONY: run release test lint bench coverage test-promql test-sanitize test-faults install uninstall deb clean

run: release
	@exec $(PROGRAM) run --config.file=targets/prometheus.yml --storage.tsdb.path=data

release:
	@scripts/setup build
	@scripts/progress "building Weir (a first build takes some minutes)" \
	  $(SWIFT) build -c release --static-swift-stdlib --product weir

test:
	@scripts/setup test
	@$(MAKE) --no-print-directory lint
	@scripts/progress "building Weir and its tests" $(SWIFT) build --build-tests
	@$(RUN_TESTS) --skip-build

lint:
	@$(SWIFT) format lint --strict --recursive $(SOURCES)

bench:
	@scripts/setup test
	@scripts/progress "building the benchmarks" $(SWIFT) build -c release --product Benchmarks
	@$(SWIFT) run -c release --skip-build Benchmarks $(ONLY)

coverage:
	@scripts/setup test
	@scripts/progress "building for coverage" \
	  $(SWIFT) build --build-tests --enable-code-coverage --build-path .build/coverage
	@rm -rf .build/coverage/debug/codecov
	@$(RUN_TESTS) --skip-build --enable-code-coverage --build-path .build/coverage; \
	  code=$$?; scripts/coverage .build/coverage; exit $$code

test-promql: export PROMQL_COMPARISONS := 5000
test-promql: export WEIR_DIFFERENTIAL := 5000
test-promql:
	@scripts/setup test
	@scripts/progress "building Weir and its tests" $(SWIFT) build --build-tests
	@$(RUN_TESTS) --skip-build --filter PromQLTests

# AddressSanitizer's leak check stays off: the test library itself leaks. The signal handlers of
# Swift's backtraces get in the way of both.
test-sanitize: export SWIFT_BACKTRACE := enable=no
test-sanitize: export ASAN_OPTIONS := detect_leaks=0
test-sanitize: export TSAN_OPTIONS := suppressions=$(CURDIR)/scripts/tsan-suppressions
test-sanitize:
	@scripts/setup test
	@for kind in address thread; do \
	  scripts/progress "building for the $$kind sanitizer" \
	    $(SWIFT) build --build-tests --sanitize=$$kind --build-path .build/$$kind && \
	  $(RUN_TESTS) --skip-build --sanitize=$$kind --build-path .build/$$kind || exit 1; \
	done

test-faults: export WEIR_FAULT_ROUNDS := 20
test-faults:
	@scripts/setup test
	@$(RUN_TESTS) --filter Fault

# Under sudo, what its user has built is taken as it is.
install uninstall:
	@[ -x $(PROGRAM) -a -n "$$SUDO_USER" ] || $(MAKE) --no-print-directory release
	@scripts/install $@ $(PROGRAM) "$(DESTDIR)" "$(PREFIX)"

deb: release
	@scripts/setup package
	@scripts/deb $(PROGRAM) .build/deb

clean:
	@$(SWIFT) package clean
