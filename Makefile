# make demo    shows what gosync does, on a scratch root
# make check   style, unit tests and tests/it: no privilege, for after every change
# make servers [T=NAME]   tests/servers, or those whose names contain NAME: real servers, no privilege
# make host T=NAME        those of tests/host whose names contain NAME: as root, real accounts, kills; T= for all
# make torture [T=NAME]   the full sweeps of tests/host, as root, some hours: kills, errors, power cuts; writes docs/torture.md
# make fuzz [T=NAME] [SECONDS=600]   made-up inputs for every parser, or those whose names contain NAME; needs cargo-fuzz
# make test    installs what the tests need (as root) and runs everything
# make bench   how fast it is beside ldapsearch and useradd; make instructions counts instructions, with valgrind
# make install PREFIX=/usr/local DESTDIR=    make uninstall takes the same away; accounts and the ledger stay
# make package   .deb, .rpm and tarball in target/package; make package-twice shows that two builds give the same bytes

PREFIX = /usr/local
DESTDIR =
CARGO = cargo

BINDIR = $(PREFIX)/bin
# In the tarball of `make package` the program lies beside this file.
PROGRAM = $(firstword $(wildcard gosync) target/release/gosync)

SHARE = $(DESTDIR)$(PREFIX)/share
DOC = $(SHARE)/doc/gosync
ZSH = $(SHARE)/zsh/site-functions
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system
TMPFILES = $(DESTDIR)$(PREFIX)/lib/tmpfiles.d
# Copies texts, with the paths that hold for this installation.
COPY = BINDIR=$(BINDIR) PREFIX=$(PREFIX) packaging/copy.sh

.PHONY: build demo check servers host torture fuzz test lint install uninstall package package-twice bench instructions clean

build:
	$(CARGO) build --release --locked

# Without optimisation: that takes half the time to build, and 25 people do not need it.
demo:
	$(CARGO) build --locked
	@GOSYNC=$${GOSYNC:-target/debug/gosync} sample/demo.sh

test:
	@tests/run.sh

check: lint
	$(CARGO) test --locked --lib --bins --test it

servers:
	$(CARGO) test --locked --test servers -- $(T)

# All of them take half an hour: that is asked for by an empty T.
host:
	@[ "$(origin T)" != undefined ] || { echo "make host T=NAME runs the tests whose names contain NAME; T= all" >&2; exit 2; }
	@[ "$$(id -u)" -eq 0 ] || { echo "make host: needs root" >&2; exit 1; }
	$(CARGO) test --locked --test host -- $(T)

torture:
	@tests/torture.sh $(T)

SECONDS = 600

fuzz:
	@SECONDS_EACH=$(SECONDS) tests/fuzz/run.sh $(T)

lint:
	$(CARGO) fmt --check
	$(CARGO) clippy --all-targets --locked -- -D warnings

# Builds first if there is nothing to install; does not build as root what a user has built. With PREFIX=/usr/local systemd
# finds the units, and nothing enables them. What the texts say of /usr/local is said of PREFIX.
install:
	test -x $(PROGRAM) || $(CARGO) build --release --locked
	install -D -m 0755 $(PROGRAM) $(DESTDIR)$(BINDIR)/gosync
	$(COPY) completions/gosync.bash $(SHARE)/bash-completion/completions/gosync
	$(COPY) completions/_gosync $(ZSH)/_gosync
	$(COPY) completions/gosync.fish $(SHARE)/fish/vendor_completions.d/gosync.fish
	for page in man/*; do $(COPY) $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit; done
	for file in gosync.toml.example *.md LICENSE*; do $(COPY) $$file $(DOC)/$$file || exit; done
	$(COPY) docs $(DOC)/docs
	$(COPY) sample/directory.json $(DOC)/sample/directory.json
	$(COPY) share/cron.d $(DOC)/cron.d
	$(COPY) share/systemd $(UNITS)
	$(COPY) share/tmpfiles.d $(TMPFILES)
	$(COPY) share/gosync $(SHARE)/gosync
	$(COPY) share/hooks $(SHARE)/gosync/hooks

# What `make install` has put there. Configuration, ledger, accounts, groups and homes stay: docs/recovery.md.
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/gosync $(ZSH)/_gosync $(TMPFILES)/gosync.conf
	rm -f $(SHARE)/bash-completion/completions/gosync $(SHARE)/fish/vendor_completions.d/gosync.fish
	for page in man/*; do rm -f $(SHARE)/man/man$${page##*.}/$${page##*/}; done
	for unit in share/systemd/*; do rm -f $(UNITS)/$${unit##*/}; done
	rm -rf $(SHARE)/gosync $(DOC)
	@echo "/etc/gosync, the ledger in /var/lib/gosync, and all accounts stay as they are. Timers that are enabled:"
	@echo "    systemctl disable gosync.timer gosync-new.timer gosync-follow.service"

# Below target/package: a .deb, a .rpm and a tarball with one program that starts on glibc 2.17 and later, the list of its crates,
# and their checksums.
package:
	packaging/release.sh $(CURDIR)/target/package

# Builds all of that once more, in a clone of the last commit, and compares: the same bytes. Takes as long as two builds.
package-twice: package
	packaging/twice.sh $(CURDIR)/target/package

bench: build
	benches/run.sh --million yes

instructions: build
	benches/instructions.sh

clean:
	$(CARGO) clean
