# make demo    shows what gosync does, on a scratch root
# make check   style, unit tests and tests/it: no privilege, for after every change
# make servers [T=NAME]   tests/servers, or those whose names contain NAME: real servers, no privilege
# make host T=NAME        those of tests/host whose names contain NAME: as root, real accounts, kills; T= for all
# make torture [T=NAME]   the full sweeps of tests/host, as root, some hours: kills, errors, power cuts; writes docs/torture.md
# make fuzz [T=NAME] [SECONDS=600]   made-up inputs for every parser, or those whose names contain NAME; needs cargo-fuzz
# make test    installs what the tests need (as root) and runs everything
# make bench   how fast it is beside ldapsearch and useradd; make instructions counts instructions, with valgrind
# make install PREFIX=/usr/local DESTDIR=

PREFIX = /usr/local
DESTDIR =
CARGO = cargo

BIN = $(DESTDIR)$(PREFIX)/bin
SHARE = $(DESTDIR)$(PREFIX)/share
DOC = $(SHARE)/doc/gosync
UNITS = $(DESTDIR)$(PREFIX)/lib/systemd/system

.PHONY: build demo check servers host torture fuzz test lint install bench instructions clean

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

# Builds first if there is nothing to install; does not build as root what a user has built.
install:
	test -x target/release/gosync || $(CARGO) build --release --locked
	install -d $(BIN) $(SHARE)/man/man8 $(SHARE)/man/man7 $(SHARE)/man/man5 $(DOC)/sample $(DOC)/cron.d $(DOC)/docs $(SHARE)/gosync/hooks $(SHARE)/gosync/providers
	install -d $(SHARE)/gosync/prometheus $(SHARE)/gosync/grafana $(SHARE)/gosync/schema
	install -d $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions $(SHARE)/fish/vendor_completions.d $(UNITS)
	install -m 0755 target/release/gosync $(BIN)/gosync
	install -m 0644 man/gosync.8 $(SHARE)/man/man8/gosync.8
	install -m 0644 man/gosync-hooks.7 $(SHARE)/man/man7/gosync-hooks.7
	install -m 0644 man/gosync.toml.5 $(SHARE)/man/man5/gosync.toml.5
	install -m 0644 completions/gosync.bash $(SHARE)/bash-completion/completions/gosync
	install -m 0644 completions/_gosync $(SHARE)/zsh/site-functions/_gosync
	install -m 0644 completions/gosync.fish $(SHARE)/fish/vendor_completions.d/gosync.fish
	install -m 0644 gosync.toml.example README.md CHANGELOG.md LICENSE LICENSE-MIT LICENSE-APACHE $(DOC)
	install -m 0755 share/hooks/quota share/hooks/slurm share/hooks/warewulf share/hooks/welcome $(SHARE)/gosync/hooks
	install -m 0644 share/hooks/quota.ini share/hooks/slurm.ini share/hooks/welcome.txt $(SHARE)/gosync/hooks
	install -m 0755 share/gosync/providers/coldfront share/gosync/providers/csv $(SHARE)/gosync/providers
	install -m 0755 share/gosync/providers/getent share/gosync/providers/sql $(SHARE)/gosync/providers
	install -m 0644 share/gosync/prometheus/gosync.rules.yml $(SHARE)/gosync/prometheus
	install -m 0644 share/gosync/grafana/gosync.json $(SHARE)/gosync/grafana
	install -m 0644 share/gosync/schema/*.schema.json $(SHARE)/gosync/schema
	install -m 0644 sample/directory.json $(DOC)/sample/directory.json
	install -m 0644 docs/*.md docs/session.svg docs/session.txt $(DOC)/docs
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|g' share/cron.d/gosync > $(DOC)/cron.d/gosync
	chmod 0644 $(DOC)/cron.d/gosync
	sed 's|/usr/local/bin/|$(PREFIX)/bin/|g' share/systemd/gosync-follow.service > $(UNITS)/gosync-follow.service
	chmod 0644 $(UNITS)/gosync-follow.service

bench: build
	benches/run.sh --million yes

instructions: build
	benches/instructions.sh

clean:
	$(CARGO) clean
