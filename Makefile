# Each target is a line or two onto the real tool. CONFIGURATION builds live in .build, as `swift build` makes them.
SWIFT_FILES = Package.swift Services Shared Tests Tools
# They take the processor for seconds at a time, from under any request that a test waits for: so they run by themselves.
COMPUTING = ResilienceTests SimulationTests QueueTests
# What --version, /livez and csp_build_info say.
export CSP_COMMIT ?= $(shell git rev-parse --short HEAD 2>/dev/null || echo unknown)
BUILD_TESTS = swift build --build-tests --explicit-target-dependency-import-check error

.PHONY: help up down test drill picture lint check bench races docs verify requirements

help:                ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/'

up: requirements     ## build (release) and start the stack, on ports from 8080 on
	swift build -c release
	.build/release/csp up --detach
	@echo 'In this terminal, first:  export PATH="$$PWD/.build/release:$$PATH"'

down:                ## stop the stack
	.build/release/csp down

test: requirements lint ## lint, build with warnings as errors, and run every test that needs no container
	$(BUILD_TESTS)
	swift test --skip-build $(addprefix --filter ,$(COMPUTING))
	swift test --skip-build --skip SystemTests $(addprefix --skip ,$(COMPUTING))
	swift test --skip-build --no-parallel --filter SystemTests

drill: requirements  ## the whole matrix under load, every fault on every dependency (release; less than an hour)
	swift build -c release
	.build/release/csp drill

picture: requirements ## the README's picture and its figures: coupon frozen, without and with the protections (release; 2 minutes)
	swift build -c release
	.build/release/csp drill --compare --only coupon-frozen --report .csp/picture
	cp .csp/picture/coupon-frozen.svg Docs/

lint:                ## the formatter's rules, strictly; lines of at most 110 characters; the glossary's words
	Scripts/check-words
	swift format lint --strict --parallel --recursive $(SWIFT_FILES)

bench: requirements  ## what the policies cost, and the queue and an order beside this machine's floor (release; on a quiet machine)
	swift build -c release
	clang -O2 -shared -fPIC Scripts/count-allocations.c -o .build/release/count-allocations.so
	LD_PRELOAD=$$PWD/.build/release/count-allocations.so .build/release/Benchmarks policies
	.build/release/Benchmarks telemetry
	.build/release/Benchmarks queue
	.build/release/Benchmarks orders
	.build/release/Benchmarks overload
	.build/release/Benchmarks bodies
	.build/release/Benchmarks watched

races: requirements  ## the concurrent parts under the thread sanitizer (the first time builds for minutes)
	Scripts/check-races

docs:                ## every public symbol of the two libraries is documented, and their catalogues convert
	Scripts/check-docs

verify: requirements ## before a release: a hundred rounds of random kills; the whole matrix in containers (builds the image; an hour)
	Scripts/verify-kills
	Scripts/verify-containers

requirements:
	@Scripts/requirements
