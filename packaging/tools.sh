# To be read by the scripts beside it, in the folder above them: puts zig and the tools of cargo into $tools, unless they
# are there. They come from the registries of cargo and of pip, by their versions: another compiler, or another linker,
# makes other bytes.
tools=${TOOLS:-$PWD/target/packaging/tools}
export PATH="$tools/bin:$tools/venv/bin:$PATH"

cargo_tool() {
    if [ ! -x "$tools/bin/$1" ]; then
        # Without the optimiser: they run for a second.
        CARGO_TARGET_DIR=$tools/build RUSTFLAGS='' cargo install --quiet --debug --locked --root "$tools" "$1@$2" >&2
        rm -rf "$tools/build"
    fi
}

zig() {
    if [ ! -x "$tools/venv/bin/cargo-zigbuild" ]; then
        python3 -m venv "$tools/venv"
        "$tools/venv/bin/pip" install --quiet ziglang==0.17.1 cargo-zigbuild==0.24.1 >&2
    fi
}
