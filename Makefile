# Every check that CI runs is a target here that a person can run alone.

# As many jobs as there are processors, unless asked otherwise.

ifeq ($(MAKELEVEL),0)
MAKEFLAGS += -j$(shell nproc)
endif

BUILD   := build

MODULE  := ngx_http_procore_scope_module.so
TOOL    := procore-scope

CLANG         ?= clang
FUZZ_SECONDS  ?= 5
PROVE_FLAGS   ?= -j2
PROVE         := prove -It/lib $(PROVE_FLAGS)

PURE_DIRS  := claims policy judge procore crypto store relay admin status \
              report
PURE       := $(sort $(wildcard $(PURE_DIRS:%=src/%/*.c)))
UNITS      := $(patsubst t/unit/%.c,$(BUILD)/unit/%,\
                $(sort $(wildcard t/unit/test_*.c)))
FUZZERS    := $(patsubst t/fuzz/%.c,$(BUILD)/fuzz/%,\
                $(sort $(wildcard t/fuzz/fuzz_*.c)))
LIBS       := -lcrypto -lcjson -llmdb -lpthread

# Where "make install" puts things, all below DESTDIR; the module goes where the
# nginx here looks for modules.

DESTDIR    ?=
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/procore-scope
NGINX      ?= $(firstword $(wildcard /usr/sbin/nginx) nginx)
MODULESDIR ?= $(or $(shell $(NGINX) -V 2>&1 | tr ' ' '\n' \
                | sed -n 's/^--modules-path=//p'),$(error $(NGINX) does not \
                tell where its modules are: set MODULESDIR=))

# Where "make install" puts things; modules go where nginx looks for them.

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
MANDIR     ?= $(PREFIX)/share/man
DOCDIR     ?= $(PREFIX)/share/doc/procore-scope
COMPDIR    ?= $(PREFIX)/share/bash-completion/completions
NGINX      ?= $(firstword $(wildcard /usr/sbin/nginx) nginx)
MODULESDIR ?= $(shell scripts/modules-path $(NGINX))

WARN       := -Wall -Wextra -Wshadow -Wconversion -Werror
SANITIZE   := -fsanitize=address,undefined -fno-sanitize-recover=all \
              -fno-omit-frame-pointer


.PHONY: build
build: $(MODULE) $(TOOL)  ## the module and the command line (the default)


# ---- the module -------------------------------------------------------------

# A list of the sources that changes only when a file comes or goes: configure
# has to run again then, and otherwise not.

$(BUILD)/sources: FORCE
	@mkdir -p $(@D)
	@ls config ngx_http_procore_scope_module.c src/*/*.c src/*/*.h \
	    src/*/*.def > $@.new 2>/dev/null || true
	@cmp -s $@ $@.new && rm $@.new || mv $@.new $@

$(BUILD)/nginx/objs/Makefile: $(BUILD)/sources config scripts/configure-module
	scripts/configure-module $(BUILD)/nginx

# nginx's own Makefile knows what is out of date. The result is moved, not
# written over: a running nginx may have it mapped.

$(MODULE): $(BUILD)/nginx/objs/Makefile FORCE
	@$(MAKE) --no-print-directory -s -C $(BUILD)/nginx/src \
	    -f ../objs/Makefile modules
	@cmp -s $(BUILD)/nginx/objs/$@ $@ \
	    || { cp $(BUILD)/nginx/objs/$@ $@.new && mv $@.new $@; }


# ---- the pure folders, three times: plain, sanitized, for the fuzzers -------

CC_plain      = $(CC)
CFLAGS_plain  = -O2 -fstack-protector-strong
CC_unit       = $(CLANG)
CFLAGS_unit   = -O1 $(SANITIZE)
CC_fuzz       = $(CLANG)
CFLAGS_fuzz   = -O1 $(SANITIZE) -fsanitize=fuzzer-no-link

define flavour
$(BUILD)/$(1)/obj/%.o: %.c Makefile
	@mkdir -p $$(@D)
	@echo "$(1)  $$<"
	@$$(CC_$(1)) -std=gnu11 -g $$(WARN) $$(CFLAGS_$(1)) -MMD -MP -c -o $$@ $$<

$(BUILD)/$(1)/libpure.a: $(PURE:%.c=$(BUILD)/$(1)/obj/%.o) $(BUILD)/sources
	@rm -f $$@
	@ar rcs $$@ $$(filter %.o,$$^)
endef

$(foreach name,plain unit fuzz,$(eval $(call flavour,$(name))))

$(TOOL): $(patsubst %.c,$(BUILD)/plain/obj/%.o,$(sort $(wildcard tools/*.c))) \
    $(BUILD)/plain/libpure.a
	@$(CC_plain) $(LDFLAGS) -o $@ $^ $(LIBS)

$(UNITS): $(BUILD)/unit/%: $(BUILD)/unit/obj/t/unit/%.o $(BUILD)/unit/libpure.a
	@$(CC_unit) $(SANITIZE) -o $@ $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

# The readers and the decision of "replay" belong to the command line, and are
# tested and fuzzed too.

REPLAY := $(patsubst %.c,%.o,$(filter-out tools/procore_replay_print.c,\
            $(sort $(wildcard tools/procore_replay_*.c))))

$(filter $(BUILD)/unit/test_replay%,$(UNITS)): $(REPLAY:%=$(BUILD)/unit/obj/%)

$(filter $(BUILD)/fuzz/fuzz_replay%,$(FUZZERS)): $(REPLAY:%=$(BUILD)/fuzz/obj/%)

# What t/pages.t shows to a browser.

$(BUILD)/pages/render: $(BUILD)/unit/obj/t/pages/render.o \
    $(BUILD)/unit/libpure.a
	@mkdir -p $(@D)
	@$(CC_unit) $(SANITIZE) -o $@ $^ $(LIBS)

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/fuzz/obj/t/fuzz/%.o \
    $(BUILD)/fuzz/libpure.a
	@$(CC_fuzz) $(SANITIZE) -fsanitize=fuzzer -o $@ \
	    $(filter %.o,$^) $(filter %.a,$^) $(LIBS)

.SECONDARY:
-include $(shell find $(BUILD)/*/obj -name '*.d' 2>/dev/null)


# ---- tests ------------------------------------------------------------------

.PHONY: test
test:  ## installs what is missing and runs every test (what CI runs)
	scripts/deps build test
	$(MAKE) --no-print-directory build
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory unit
	$(MAKE) --no-print-directory fuzz
	$(MAKE) --no-print-directory prove

.PHONY: lint
lint: check-layers $(BUILD)/plain/libpure.a  ## layers, global state, layout
	@scripts/lint $(BUILD)/plain/libpure.a

.PHONY: check-layers
check-layers:  ## an include that goes against the one way fails
	@scripts/check-layers

.PHONY: unit
unit: $(UNITS)  ## unit tests of the pure folders under ASan and UBSan
	@$(PROVE) $(UNITS)

.PHONY: fuzz
fuzz: $(FUZZERS)  ## each fuzzer for FUZZ_SECONDS (5) on the kept corpus
	@scripts/fuzz $(FUZZ_SECONDS) $(FUZZERS)

.PHONY: fuzz-long
fuzz-long:  ## each fuzzer for ten minutes
	@$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600

.PHONY: prove
prove: build  ## the tests against a real nginx (PROVE_FLAGS=-v, TESTS=t/x.t)
	@$(PROVE) $(or $(TESTS),$(sort $(wildcard t/*.t)))

# The parts that hold answers and secrets; none of these reloads nginx.

VALGRIND_TESTS = t/authorize.t t/chooser_app.t t/chooser_link.t t/redeem.t \
    t/redeem_forward.t t/relay.t t/relay_bad.t t/relay_bad_start.t \
    t/relay_bad_token.t t/relay_start.t t/relay_upstream.t

.PHONY: test-asan
test-asan:  ## prove with nginx and the module built under ASan and UBSan
	scripts/deps build test asan
	$(MAKE) --no-print-directory build $(BUILD)/sources
	@scripts/test-asan $(BUILD)/asan $(or $(TESTS),$(sort $(wildcard t/*.t)))


.PHONY: test-valgrind
test-valgrind: build  ## the relay and the chooser under valgrind (TESTS=t/x.t)
	scripts/deps test bench
	@scripts/test-valgrind $(BUILD)/valgrind $(or $(TESTS),$(VALGRIND_TESTS))


# More requests than t/differential.t has time for, from a seed of one's own.

SEED   ?= 1
COUNT  ?= 20000

.PHONY: differential
differential: build  ## requests to the module and to Rails; SEED= COUNT=
	scripts/deps test
	@scripts/differential --seed $(SEED) --count $(COUNT)

.PHONY: differential-long
differential-long:  ## the same with 200,000 requests
	@$(MAKE) --no-print-directory differential COUNT=200000


# ---- to see it work ---------------------------------------------------------

.PHONY: run
run:  ## a gateway on 127.0.0.1:PORT (8080); LOGIN= API= CA= for real hosts
	scripts/deps build run
	$(MAKE) --no-print-directory build
	@LOGIN='$(LOGIN)' API='$(API)' CA='$(CA)' PORT='$(PORT)' scripts/run

.PHONY: demo
demo:  ## one app walks every company of its user: direct, monitor, enforce
	scripts/deps build run
	$(MAKE) --no-print-directory build
	@scripts/demo

.PHONY: bench
bench:  ## what a request costs against plain proxy_pass (BENCH_FLAGS=)
	scripts/deps build bench
	$(MAKE) --no-print-directory build
	@t/bench/run $(BENCH_FLAGS)


# ---- to install it ----------------------------------------------------------

SITE := $(BUILD)/site.conf

$(SITE): docs/example.conf scripts/example-site
	@mkdir -p $(@D)
	@scripts/example-site > $@.new && mv $@.new $@

# What is installed: folder, mode, files. Nothing else is taken away again, no
# store, no log and no configuration.

DOC_DIRS = $(shell find docs -name man -prune -o -type d -print)

define installed
	@scripts/install $(1) '$(DESTDIR)$(MODULESDIR)' 644 $(MODULE)
	@scripts/install $(1) '$(DESTDIR)$(BINDIR)' 755 $(TOOL)
	@scripts/install $(1) '$(DESTDIR)$(MANDIR)/man1' 644 $(wildcard docs/man/*.1)
	@scripts/install $(1) '$(DESTDIR)$(MANDIR)/man7' 644 $(wildcard docs/man/*.7)
	@scripts/install $(1) '$(DESTDIR)$(COMPDIR)' 644 \
	    tools/completion/procore-scope
	@scripts/install $(1) '$(DESTDIR)$(DOCDIR)' 644 \
	    LICENSE CHANGES README.md $(SITE)
	@for dir in $(DOC_DIRS); do \
	    scripts/install $(1) '$(DESTDIR)$(DOCDIR)'/$$dir 644 $$dir/* || exit; \
	done
endef

.PHONY: install
install: build $(SITE)  ## DESTDIR= PREFIX= BINDIR= MANDIR= DOCDIR= MODULESDIR=
	$(call installed,put)

.PHONY: uninstall
uninstall:  ## takes away what install put there, by the same names
	$(call installed,take)
	@find '$(DESTDIR)$(DOCDIR)' -depth -type d -empty -delete 2>/dev/null || true

.PHONY: package
package:  ## the packages of Debian, in build/package
	scripts/deps build package
	@scripts/package $(BUILD)/package

.PHONY: test-package
test-package:  ## the packages in a clean Debian: install, upgrade, purge (root)
	scripts/deps build package test-package
	@scripts/test-package $(BUILD)/package

# Debian's releases whose nginx is tried too; none: RELEASES=

RELEASES ?= trixie

.PHONY: test-build
test-build:  ## dynamic and static against nginx's own source (RELEASES=trixie)
	scripts/deps build test asan
	@scripts/test-build $(BUILD)/other $(RELEASES)


# ---- the rest ---------------------------------------------------------------

.PHONY: deps
deps:  ## installs the Debian packages that any target here needs
	scripts/deps build run test asan bench

.PHONY: clean
clean:  ## removes everything that was built
	rm -rf $(BUILD) run $(MODULE) $(TOOL)

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*  ## /\1\t/p' $(MAKEFILE_LIST) \
	    | awk -F '\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

.PHONY: FORCE
FORCE:
