# SPDX-License-Identifier: LGPL-2.1-or-later
# epcache - plain GNU make, no configure step.
#
#   make                build the library, the tool, epcache.pc and, where there are
#                       headers of Python, its package in build/python
#   make run            from a bare machine to an answer: install what the build
#                       needs, build, refresh a cache in build/cache, query it; then
#                       the same and more with a sample, in build/sample
#   make install        PREFIX=/usr LIBDIR=/usr/lib64 DESTDIR=/tmp/stage
#                       PYTHON=/usr/bin/python3 PYTHONDIR=/usr/lib64/python3.12/site-packages
#   make install-autoload  what activates unmodified Python programs, in PYTHONDIR
#   make install-hooks  what package managers and systemd run: HOOKS='dpkg ...', all
#                       by default; install-hooks-systemd for its units alone
#   make deb            Debian packages, in build/deb; DEB_BUILD_OPTIONS=nocheck
#   make rpm            RPM packages, in build/rpm; RPMBUILD='rpmbuild --nocheck'
#   make pacman-package pacman packages, in build/pacman; MAKEPKG='makepkg --nocheck'
#   make test           unit and command tests: no root, network or mounts needed
#   make check          install what the tests need, then every suite below
#   make check-long     the same, with more cases and more time (LONG=1)
#   make systems        make run, make test and more in bare systems of other releases,
#                       which debootstrap makes; as root, with a mirror of Debian at hand
#   make systems-long   the same, in more of them, with everything; a few hours
#   make SUITE          one suite: unit cli lint compilers asan valgrind fuzz, and
#                       each folder of tests/ that has a run.sh
#   make fuzz           FUZZ_TIME=60, seconds a target
#   make bench          measure against others and floors, into build/bench; 40 minutes
#   make bench-quick    the same, smaller: two minutes
#   make bench-readme   README.md says what the last one of them found
#   make coverage       lines and branches that unit and command tests run
#   make fmt            let clang-format have its way
#   make dist           build/epcache-VERSION.tar.gz of what is committed, or unpacked
#   make clean, make help
#
# Every variable below can be set on the command line.  CFLAGS, CPPFLAGS and
# LDFLAGS are the packager's and are never overwritten; ours come before them.

VERSION   := 0.1.0
SONAME    := libepcache.so.0

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
LIBEXECDIR ?= $(PREFIX)/libexec
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man
COMPDIR    ?= $(PREFIX)/share/bash-completion/completions
ACTIONDIR  ?= $(PREFIX)/lib/epcache/actions.d
DATADIR    ?= $(PREFIX)/share/epcache
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
# Debian 12 has its units in /lib/systemd.
SYSTEMDDIR ?= $(PREFIX)/lib/systemd
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
# Where that Python looks: dist-packages on Debian and its kin, else site-packages.
PYTHONDIR  ?= $(shell $(PYTHON) -I core/python/where.py '$(PREFIX)')
DESTDIR    ?=
INSTALL    ?= install
PKG_CONFIG ?= pkg-config
BATS       ?= bats
CFLAGS     ?= -O2 -g
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)

# Tests never take an interpreter from PATH: what is first there may be a shim.
PYTHON     ?= /usr/bin/python3

# One build directory a flavour, so that `make asan` never dirties `make`.
B ?= build

WARN := -Wall -Wextra -Wpedantic -Wshadow -Wvla -Wundef -Wformat=2 \
	-Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wwrite-strings -Wconversion -Wimplicit-fallthrough
HARD := -fstack-protector-strong -fstack-clash-protection \
	-fno-strict-overflow -fno-delete-null-pointer-checks
HARD_LD := -Wl,-z,relro,-z,now -Wl,-z,noexecstack -Wl,--as-needed

# Fortify needs an optimiser, and is left to packagers who set it themselves.
FORTIFY ?= $(if $(filter -O0,$(CFLAGS))$(findstring FORTIFY,$(CPPFLAGS) $(CFLAGS)),,\
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)

# Flags that a compiler may lack are asked for once, by trying them.
try = $(shell $(CC) -Werror $(1) -x c -c -o /dev/null /dev/null 2>/dev/null && echo $(1))
HARD += $(call try,-fcf-protection=full) $(call try,-ftrivial-auto-var-init=zero)

# $(call links,FLAGS,LIBS): LIBS, if this compiler makes a program with both.  A header is
# given by -include: make's versions differ in what a "\#" here is for the shell.
TARGET_FLAGS = $(filter -m% --target=% --sysroot=%,$(CFLAGS))
links = $(shell echo 'int main(void) { return 0; }' | $(CC) $(CPPFLAGS) $(TARGET_FLAGS) \
	-D_FILE_OFFSET_BITS=64 $(1) -o /dev/null -x c - -x none $(LDFLAGS) $(2) \
	>/dev/null 2>&1 && echo $(2))

# xxHash is used as a header alone, so that the library links libc and no more.
pkg = $(shell $(PKG_CONFIG) $(1) 2>/dev/null)
DEPS_CFLAGS := $(foreach l,libxxhash libcjson libseccomp,$(call pkg,--cflags $l))
JSON_LIBS   := $(or $(call pkg,--libs libcjson),-lcjson)
# The tool loads libcjson and libseccomp when it first calls them: late.h.  Before glibc
# 2.34, dlopen(3) was in a library of its own.
CLI_LIBS    := -ldl

STD := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -Icore/lib
ALL_CPPFLAGS = $(STD) -DVERSION='"$(VERSION)"' $(DEPS_CFLAGS) $(FORTIFY) $(CPPFLAGS)
ALL_CFLAGS = -fPIC -fvisibility=hidden $(WARN) $(HARD) -MMD -MP $(CFLAGS) $(WERROR)
ALL_LDFLAGS = $(HARD_LD) $(LDFLAGS)

# --- what there is -----------------------------------------------------------

LIB_SRC  := $(wildcard core/lib/*.c)
CLI_SRC  := $(wildcard core/cli/*.c)
UNIT_SRC := $(wildcard tests/unit/t-*.c)
FUZZ_SRC := $(wildcard tests/fuzz/fuzz-*.c)
MAN      := $(wildcard core/man/*.[1-8])
COMP     := core/completion
LINTS    := $(wildcard tests/lint/*.sh)

obj = $(patsubst %.c,$(B)/%.o,$(1))
LIB_OBJ  := $(call obj,$(LIB_SRC))
CLI_OBJ  := $(call obj,$(CLI_SRC))
UNIT_BIN := $(patsubst %.c,$(B)/%,$(UNIT_SRC))
AID_SO   := $(B)/tests/fault/nomem.so
FUSED    := $(B)/tests/bench/slowfs $(B)/tests/fault/hangfs
AID_BIN  := $(filter-out $(AID_SO:.so=) $(FUSED),$(patsubst %.c,$(B)/%,\
	$(wildcard tests/fault/*.c tests/bench/*.c)))
FUZZ_BIN := $(patsubst %.c,$(B)/%,$(FUZZ_SRC))
LIB_SO   := $(B)/libepcache.so.$(VERSION)
TOOL     := $(B)/epcache $(B)/refresh-entrypoints-cache

# The actions that are shipped, epcache-action(5).
ACTIONS := $(B)/console-scripts

# The helpers that ask a package manager who owns a file: each where its library is.
OWNERS := $(B)/epcache-owner-dpkg
RPM_HEADERS := header.h rpmdb.h rpmfiles.h rpmlib.h rpmlog.h rpmmacro.h rpmts.h
RPM_LIBS := $(call links,$(RPM_HEADERS:%=-include rpm/%),-lrpm -lrpmio)
ifneq ($(RPM_LIBS),)
OWNERS += $(B)/epcache-owner-rpm
endif
# Its .pc file asks for those of libraries that are not needed.
ALPM_LIBS := $(call links,-include alpm.h -include alpm_list.h,-lalpm)
ifneq ($(ALPM_LIBS),)
OWNERS += $(B)/epcache-owner-alpm
endif

# The Python package, where the headers are: a file for every later CPython.
PY_INCLUDE := $(shell $(PYTHON) -Ic 'import sysconfig; print(sysconfig.get_path("include"))' \
	2>/dev/null)
PY_HEADERS := $(call links,-shared -fPIC -isystem '$(PY_INCLUDE)' -include Python.h,-lc)
PY_PACKAGE := $(notdir $(wildcard core/python/epcache/*.py core/python/epcache/*.pyi \
	core/python/epcache/py.typed core/python/epcache/epcache-autoload.*))
PY_BUILT := $(if $(PY_HEADERS),\
	$(addprefix $(B)/python/epcache/,$(PY_PACKAGE) _epcache.abi3.so) \
	$(addprefix $(B)/python/epcache-$(VERSION).dist-info/,METADATA INSTALLER))

# The slow file system of the benchmark, where the library for that is.
FUSE_FLAGS := $(patsubst -I%,-isystem %,$(call pkg,--cflags fuse3))
FUSE_LIBS := $(call links,$(FUSE_FLAGS) -DFUSE_USE_VERSION=31 -include fuse.h,\
	$(call pkg,--libs fuse3))
BENCH_BIN := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/*.c))
ifneq ($(FUSE_LIBS),)
AID_BIN += $(FUSED)
else
BENCH_BIN := $(filter-out $(FUSED),$(BENCH_BIN))
endif

all: $(LIB_SO) $(B)/libepcache.a $(TOOL) $(B)/epcache.pc $(ACTIONS)
all: $(OWNERS) $(PY_BUILT)

# --- how it is made ----------------------------------------------------------

# Rebuild when the flags change, not only when the sources do.
$(B)/flags: FORCE
	@mkdir -p $(@D); f='$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS)'; \
		[ "$$f" = "$$(cat $@ 2>/dev/null)" ] || printf '%s\n' "$$f" >$@
FORCE:

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# Made anew each time: ar would keep the objects of sources that are gone.
$(B)/libepcache.a: $(LIB_OBJ)
	rm -f $@
	$(AR) rcsD $@ $^

$(LIB_SO): $(LIB_OBJ) core/lib/libepcache.map
	$(CC) $(ALL_CFLAGS) -shared -Wl,-soname,$(SONAME) \
		-Wl,--version-script,core/lib/libepcache.map -Wl,--no-undefined \
		$(ALL_LDFLAGS) -o $@ $(LIB_OBJ) $(LDLIBS)
	@LIB=$@ bash tests/lint/symbols.sh
	ln -sf $(@F) $(B)/$(SONAME)
	ln -sf $(SONAME) $(B)/libepcache.so

$(B)/epcache: $(CLI_OBJ) $(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(CLI_LIBS) $(LDLIBS)

$(B)/console-scripts: $(B)/core/actions/console-scripts.o
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(JSON_LIBS) $(LDLIBS)

$(B)/refresh-entrypoints-cache: $(B)/epcache
	ln -sf $(<F) $@

$(B)/epcache-owner-dpkg: $(B)/hooks/dpkg/owner.o
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

$(B)/epcache-owner-rpm: $(B)/hooks/rpm/owner.o $(B)/hooks/rpm/asked.o
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(RPM_LIBS) $(LDLIBS)

$(B)/epcache-owner-alpm: $(B)/hooks/pacman/owner.o $(B)/hooks/rpm/asked.o
	$(CC) $(ALL_CFLAGS) -pie $(ALL_LDFLAGS) -o $@ $^ $(ALPM_LIBS) $(LDLIBS)

# The library is inside, and no symbol of it outside: a libepcache.so that somebody else
# loads is not mixed up with it.
PY_OBJ := $(call obj,$(wildcard core/python/*.c))
$(PY_OBJ): private ALL_CPPFLAGS += -isystem $(PY_INCLUDE)
$(B)/python/epcache/_epcache.abi3.so: $(PY_OBJ) $(LIB_OBJ) core/python/module.map
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -shared -Wl,--version-script,core/python/module.map \
		$(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

# By which pip and importlib.metadata know that it is installed, and not by pip.
PY_INFO := $(B)/python/epcache-$(VERSION).dist-info
$(PY_INFO)/INSTALLER: Makefile
	@mkdir -p $(@D)
	echo 'make install' >$@

$(PY_INFO)/METADATA: core/python/wheel_backend.py core/python/README.md Makefile
	@mkdir -p $(@D)
	$(PYTHON) -IBc 'import sys; sys.path.insert(0, "core/python"); import wheel_backend; \
		wheel_backend.write_metadata("$(@D)")'

$(B)/python/epcache/%: core/python/epcache/%
	@mkdir -p $(@D)
	cp $< $@

# Always made: PREFIX is often given to `make install` alone.  What is below it moves
# along when pkg-config is given another.
below = $(patsubst $(PREFIX)/%,$${prefix}/%,$(1))
$(B)/epcache.pc: core/lib/epcache.pc.in FORCE
	@mkdir -p $(@D)
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(call below,$(LIBDIR))|' \
	    -e 's|@INCLUDEDIR@|$(call below,$(INCLUDEDIR))|' -e 's|@VERSION@|$(VERSION)|' $< >$@

# What a test wants of the tool; it brings a main() of its own.
$(B)/cli.a: $(filter-out %/main.o,$(CLI_OBJ))
	rm -f $@
	$(AR) rcsD $@ $^

# A path of this file alone; made again when it changes.
$(B)/libexec: FORCE
	@mkdir -p $(@D); [ '$(LIBEXECDIR)' = "$$(cat $@ 2>/dev/null)" ] || echo '$(LIBEXECDIR)' >$@
$(B)/core/cli/libexec.o: $(B)/libexec
$(B)/core/cli/libexec.o: private ALL_CPPFLAGS += -DLIBEXECDIR='"$(LIBEXECDIR)"'

# Private, for $(B)/flags is made with the flags of all.
$(B)/tests/%.o: private ALL_CPPFLAGS += -Icore/cli

# They start workers of their own.
TOOLED := $(B)/tests/fault/degrade $(B)/tests/bench/timer

$(UNIT_BIN) $(TOOLED): $(B)/%: $(B)/%.o $(B)/cli.a $(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CLI_LIBS) $(LDLIBS)

$(addsuffix .o,$(FUSED)): private ALL_CPPFLAGS += $(FUSE_FLAGS)
$(FUSED): %: %.o
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(FUSE_LIBS) $(LDLIBS)

# The tool itself, with workers that were taken over, behind some layers of its sandbox.
TAKEN := $(B)/tests/fault/escape
$(TAKEN): private ALL_LDFLAGS += -Wl,--wrap=worker_run,--wrap=epc_image_build \
	-Wl,--wrap=drop_fds,--wrap=drop_limits,--wrap=drop_new_privs,--wrap=drop_user \
	-Wl,--wrap=drop_caps,--wrap=drop_bonds,--wrap=landlock_beneath,--wrap=filter_worker
$(TAKEN): %: %.o $(B)/core/cli/main.o $(B)/cli.a $(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CLI_LIBS) $(LDLIBS)

# The runner, behind some layers of its own.
HOSTILE := $(B)/tests/fault/actions-hostile
$(HOSTILE): private ALL_LDFLAGS += -Wl,--wrap=drop_new_privs,--wrap=drop_user \
	-Wl,--wrap=drop_caps,--wrap=landlock_action,--wrap=filter_action \
	-Wl,--wrap=runner_limit
$(HOSTILE): %: %.o $(B)/cli.a $(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(CLI_LIBS) $(LDLIBS)

$(FUZZ_BIN): $(B)/%: $(B)/%.o $(B)/cli.a $(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(CLI_LIBS) $(LDLIBS)

# It plays file systems that cannot be mounted here.
$(B)/tests/fault/fresh-prop: ALL_LDFLAGS += -Wl,--wrap=stamp_fs \
	-Wl,--wrap=stamp_fs_below,--wrap=stamp_at

# They count what is read of cache files, and say how late it is.
$(B)/tests/unit/t-recent: private ALL_LDFLAGS += -Wl,--wrap=read,--wrap=__read_chk \
	-Wl,--wrap=stamp_now_ns

# They take the protection from links away, to see what that is worth.
$(B)/tests/fault/races $(B)/tests/fault/races-write: private ALL_LDFLAGS += \
	-Wl,--wrap=syscall,--wrap=stamp_wait,--wrap=open64,--wrap=openat64 \
	-Wl,--wrap=__open64_2,--wrap=__openat64_2
$(B)/tests/fault/races-write: private ALL_LDFLAGS += -Wl,--wrap=mkdirat
$(B)/tests/fault/replaced: private ALL_LDFLAGS += -Wl,--wrap=read,--wrap=__read_chk

$(filter-out $(TOOLED) $(TAKEN) $(HOSTILE) $(FUSED),$(AID_BIN)): $(B)/%: $(B)/%.o \
		$(B)/libepcache.a
	$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $^ $(LDLIBS)

# It is preloaded.
$(AID_SO): %.so: %.o
	$(CC) $(ALL_CFLAGS) -shared $(ALL_LDFLAGS) -o $@ $< $(LDLIBS)

programs: $(TOOL) $(UNIT_BIN) $(AID_BIN) $(AID_SO)
fuzzers: $(FUZZ_BIN)

# --- how it is tried ---------------------------------------------------------

# Another make each time: the compiler may not have been there for this one.
again = $(MAKE) --no-print-directory -s
deps = @CC='$(CC)' CPPFLAGS='$(CPPFLAGS)' bash tests/deps.sh

CACHE := --cache-dir $(B)/cache --verbose

# A Python without any script, and one with a broken text, is an answer as well: 3 and 4.
run:
	$(deps) build
	@echo 'building in $(B)/'; $(again) -j$(JOBS) all
	$(B)/epcache refresh --system $(CACHE)
	$(B)/epcache query console_scripts $(CACHE) || [ $$? -gt 2 ]
	@bash tests/sample/sample.sh $(B)/sample $(B)/epcache

# --- how it is proved --------------------------------------------------------

# A suite is a target suite-NAME that prints TAP; tests/run.sh gives it its time,
# counts, and says what failed.  A folder of tests/ with a run.sh is one too.
SCRIPTED := $(filter-out bench systems,$(patsubst tests/%/run.sh,%,$(wildcard tests/*/run.sh)))
SUITES := unit cli $(SCRIPTED) lint compilers asan valgrind fuzz

# Seconds that a suite may take, building included; another's is 300.
BUDGET_unit      ?= 120
BUDGET_cli       ?= 400
BUDGET_python    ?= 500
BUDGET_fault     ?= 450
BUDGET_hooks     ?= 400
BUDGET_lint      ?= 240
BUDGET_compilers ?= 180
BUDGET_asan      ?= 500
BUDGET_valgrind  ?= 180
BUDGET_systems   ?= 1500
BUDGET_fuzz      ?= $(shell expr 150 + $(words $(FUZZ_SRC)) '*' $(FUZZ_TIME))

FUZZ_TIME ?= $(if $(filter fuzz,$(MAKECMDGOALS)),60,$(if $(LONG),60,5))

export CC CXX MAKE JOBS BATS PYTHON LONG FUZZ_TIME
export LINT_CFLAGS = $(STD) $(DEPS_CFLAGS) $(WARN)
export $(foreach s,$(SUITES) systems,BUDGET_$(s))

tap := bash tests/tap.sh

check:
	@rm -f build/log/total
	$(deps) build check
	@echo 'building in $(B)/'; $(again) -j$(JOBS) all
	@bash tests/run.sh $(SUITES)

check-long:
	@$(again) check LONG=1

# SYSTEMS names some: tests/systems/run.sh.
systems:
	$(if $(filter 0,$(shell id -u)),-$(deps) systems)
	@bash tests/run.sh systems

systems-long:
	@$(again) systems LONG=1

suite-systems:
	@bash tests/systems/run.sh $(SYSTEMS)

# What a package runs where it is built, on a machine that may be slow: without budgets.
test:
	@BUDGET_unit=0 BUDGET_cli=0 bash tests/run.sh unit cli

$(SUITES):
	@bash tests/run.sh $@

suite-unit: $(UNIT_BIN)
	@$(tap) $^

# For people without root as well: what needs root, mounts or a network has a folder
# of tests/ of its own.  EPCACHE is the tool to test.
by_bats = $(foreach f,$(1),'$(BATS) --tap $(f)')
bats := $(call by_bats,$(wildcard tests/cli/*.bats))
suite-cli: $(TOOL) $(LIB_SO)
	@EPCACHE=$(abspath $(B)/epcache) $(tap) -j $(JOBS) $(bats)

$(SCRIPTED:%=suite-%): suite-%: all $(AID_BIN) $(AID_SO)
	@EPCACHE=$(abspath $(B)/epcache) $(tap) 'bash tests/$*/run.sh'

suite-lint: $(LIB_SO)
	@LIB=$< $(tap) -x $(LINTS:%='bash %')

suite-compilers:
	@$(tap) -x $(foreach c,gcc clang,'$(again) -j$(JOBS) B=build/$(c) CC=$(c) \
		WERROR=-Werror all programs')

SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all
# Not those of what is written or installed, nor what takes long and finds little more.
asan_bats := $(call by_bats,$(filter-out $(if $(LONG),,$(addprefix %/,docs.bats install.bats \
	actions-trouble.bats examples.bats fixtures.bats)),$(wildcard tests/cli/*.bats)))
suite-asan:
	@$(again) -j$(JOBS) B=build/asan FORTIFY= CFLAGS='$(SANITIZE)' programs
	@EPCACHE=$(abspath build/asan/epcache) $(tap) -j $(JOBS) $(UNIT_SRC:%.c=build/asan/%) \
		$(addprefix build/asan/tests/fault/,damage hammer replaced) $(asan_bats)

# VALGRIND tells a test that there are system calls and limits which it cannot have.
suite-valgrind: $(UNIT_BIN)
	@VALGRIND=1 $(tap) -j $(JOBS) $(foreach t,$^,'valgrind -q --error-exitcode=9 --leak-check=full $(t)')

CORPUS := build/corpus
suite-fuzz:
	@$(again) -j$(JOBS) B=build/fuzz CC=clang FORTIFY= \
		CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' fuzzers
	@$(tap) -x $(foreach t,$(patsubst tests/fuzz/fuzz-%.c,%,$(FUZZ_SRC)), \
		'mkdir -p $(CORPUS)/$(t) && build/fuzz/tests/fuzz/fuzz-$(t) -timeout=10 \
		-max_total_time=$(FUZZ_TIME) -verbosity=0 -print_final_stats=1 \
		-error_exitcode=1 -artifact_prefix=build/crash-$(t)- \
		$(addprefix -dict=,$(wildcard tests/fuzz/$(t).dict)) \
		$(CORPUS)/$(t) $(wildcard tests/fuzz/corpus/$(t))')

# Not a suite: a table to read, of unit and command tests.
coverage:
	$(deps) build check
	@rm -rf build/coverage; mkdir -p build/log
	@$(again) -j$(JOBS) B=build/coverage FORTIFY= CFLAGS='-O0 -g --coverage' programs
	@GCOV_ERROR_FILE=/dev/null EPCACHE=$(abspath build/coverage/epcache) \
		$(tap) -j $(JOBS) $(UNIT_SRC:%.c=build/coverage/%) $(bats) \
		build/coverage/tests/fault/damage >build/log/coverage || true
	@bash tests/coverage.sh build/coverage

# What is missing to measure is told, and not measured.
bench bench-quick:
	$(deps) build
	-$(deps) bench
	@echo 'building in $(B)/'; $(again) -j$(JOBS) all bench-programs
	@EPCACHE=$(abspath $(B)/epcache) bash tests/bench/run.sh $(if $(filter %-quick,$@),--quick)

bench-programs: $(BENCH_BIN)

# What the last `make bench` found, into README.md.
bench-readme:
	@$(PYTHON) -B tests/bench/readme.py build/bench

fmt:
	@bash tests/lint/format.sh --fix

# --- where it goes -----------------------------------------------------------

install: all $(if $(PY_BUILT),install-python)
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBDIR)/pkgconfig $(INCLUDEDIR))
	$(INSTALL) -m755 $(B)/epcache $(DESTDIR)$(BINDIR)/
	ln -sf epcache $(DESTDIR)$(BINDIR)/refresh-entrypoints-cache
	$(INSTALL) -m755 $(LIB_SO) $(DESTDIR)$(LIBDIR)/
	ln -sf $(notdir $(LIB_SO)) $(DESTDIR)$(LIBDIR)/$(SONAME)
	ln -sf $(SONAME) $(DESTDIR)$(LIBDIR)/libepcache.so
	$(INSTALL) -m644 $(B)/libepcache.a $(DESTDIR)$(LIBDIR)/
	$(INSTALL) -m644 core/lib/epcache.h $(DESTDIR)$(INCLUDEDIR)/
	$(INSTALL) -m644 $(B)/epcache.pc $(DESTDIR)$(LIBDIR)/pkgconfig/
	$(foreach m,$(MAN),$(INSTALL) -D -m644 $(m) \
		$(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(m)))/$(notdir $(m)) &&) :
	$(INSTALL) -D -m755 $(B)/console-scripts $(DESTDIR)$(LIBEXECDIR)/epcache/console-scripts
	$(INSTALL) -d $(DESTDIR)$(ACTIONDIR) $(DESTDIR)$(DATADIR)/examples
	sed -e 's|@LIBEXECDIR@|$(LIBEXECDIR)|' -e 's|@BINDIR@|$(BINDIR)|' \
		core/actions/50-console-scripts.action.in \
		>$(DESTDIR)$(ACTIONDIR)/50-console-scripts.action
	chmod 644 $(DESTDIR)$(ACTIONDIR)/50-console-scripts.action
	$(INSTALL) -m644 core/actions/change.schema.json $(DESTDIR)$(DATADIR)/
	$(INSTALL) -m755 core/actions/examples/log-size.sh $(DESTDIR)$(DATADIR)/examples/
	$(INSTALL) -m644 $(addprefix core/actions/examples/,groups.py removed.c) \
		$(DESTDIR)$(DATADIR)/examples/
	$(INSTALL) -D -m644 $(COMP)/epcache.bash $(DESTDIR)$(COMPDIR)/epcache
	ln -sf epcache $(DESTDIR)$(COMPDIR)/refresh-entrypoints-cache
	$(INSTALL) -D -m644 $(COMP)/_epcache $(DESTDIR)$(ZSHCOMPDIR)/_epcache
	$(INSTALL) -D -m644 $(COMP)/epcache.fish $(DESTDIR)$(FISHCOMPDIR)/epcache.fish
	ln -sf epcache.fish $(DESTDIR)$(FISHCOMPDIR)/refresh-entrypoints-cache.fish

# Bytecode is for a package's scripts to make, or for the first that may write there.
install-python: $(PY_BUILT)
	where='$(DESTDIR)$(PYTHONDIR)'; \
	$(foreach f,$(PY_BUILT:$(B)/python/%=%),$(INSTALL) -D -m$(if $(filter %.so,$f),755,644) \
		$(B)/python/$f "$$where/$f" &&) :

# What activates programs, where a package manager owns the folder: a package of its own.
install-autoload:
	$(INSTALL) -d '$(DESTDIR)$(PYTHONDIR)'
	$(INSTALL) -m644 $(wildcard core/python/epcache/epcache-autoload.*) '$(DESTDIR)$(PYTHONDIR)'

# What a package of the tool has beside that; the rest is in the recipes, hooks/*/.
HOOKS := dpkg $(if $(RPM_LIBS),rpm) $(if $(ALPM_LIBS),pacman)
install-hooks: install-hooks-systemd $(HOOKS:%=install-hooks-%)

UNITS := $(wildcard hooks/systemd/epcache-*.service hooks/systemd/epcache-*.timer \
	hooks/systemd/epcache-*.path hooks/systemd/epcache-*.target)
install-hooks-systemd:
	$(INSTALL) -d $(DESTDIR)$(SYSTEMDDIR)/system
	$(foreach u,$(UNITS),sed 's|@BINDIR@|$(BINDIR)|' $(u) \
		>$(DESTDIR)$(SYSTEMDDIR)/system/$(notdir $(u)) && \
		chmod 644 $(DESTDIR)$(SYSTEMDDIR)/system/$(notdir $(u)) &&) :
	$(foreach d,epcache- epcache-actions,\
		$(INSTALL) -D -m644 hooks/systemd/$(d).service.d/sandbox.conf \
		$(DESTDIR)$(SYSTEMDDIR)/system/$(d).service.d/sandbox.conf &&) :
	$(INSTALL) -D -m755 hooks/systemd/epcache-watch-generator \
		$(DESTDIR)$(SYSTEMDDIR)/system-generators/epcache-watch-generator
	$(foreach d,sysusers.d tmpfiles.d,$(INSTALL) -D -m644 hooks/systemd/$(d)/epcache.conf \
		$(DESTDIR)$(PREFIX)/lib/$(d)/epcache.conf &&) :

install-hooks-dpkg: $(B)/epcache-owner-dpkg
	$(INSTALL) -D -m755 $< $(DESTDIR)$(LIBEXECDIR)/epcache/$(<F)
	$(INSTALL) -D -m755 hooks/dpkg/epcache.rtupdate \
		$(DESTDIR)$(PREFIX)/share/python3/runtime.d/epcache.rtupdate

install-hooks-rpm: $(B)/epcache-owner-rpm
	$(INSTALL) -D -m755 $< $(DESTDIR)$(LIBEXECDIR)/epcache/$(<F)

install-hooks-pacman: $(B)/epcache-owner-alpm
	$(INSTALL) -D -m755 $< $(DESTDIR)$(LIBEXECDIR)/epcache/$(<F)
	$(INSTALL) -D -m644 hooks/pacman/zz-epcache.hook \
		$(DESTDIR)$(PREFIX)/share/libalpm/hooks/zz-epcache.hook

# --- packages ----------------------------------------------------------------

rpm:
	@bash hooks/rpm/build.sh build/rpm

deb:
	@bash hooks/dpkg/build.sh build/deb

pacman-package:
	@bash hooks/pacman/build.sh build/pacman

# Of what is committed; where there is no repository, as in what was unpacked from such
# a file, of the tree itself.
NAMED := epcache-$(VERSION)
dist:
	@mkdir -p build
	@if [ -e .git ]; then \
		git archive --prefix=$(NAMED)/ -o build/$(NAMED).tar.gz HEAD; \
	else \
		tar -czf build/$(NAMED).tar.gz --sort=name --owner=root:0 --group=root:0 \
			--exclude=./build --exclude=__pycache__ --exclude='*.pyc' \
			--transform='s,^\.,$(NAMED),rSh' .; \
	fi
	@echo build/$(NAMED).tar.gz

clean:
	rm -rf build

help:
	@sed -n '2,/^$$/s/^# \{0,1\}//p' Makefile

.PHONY: all programs fuzzers run coverage check check-long systems systems-long suite-systems test $(SUITES) $(SUITES:%=suite-%) \
	bench bench-quick bench-programs bench-readme fmt install install-python install-autoload \
	install-hooks install-hooks-systemd $(HOOKS:%=install-hooks-%) deb rpm pacman-package \
	dist clean help FORCE
.DELETE_ON_ERROR:
-include $(wildcard $(B)/core/*/*.d $(B)/hooks/*/*.d $(B)/tests/*/*.d)
