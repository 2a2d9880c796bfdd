# Brings what a build needs; sourced by ./run and ./test. Says what it installs before it does, and is safe to run twice.

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
fail() { printf '\nerror: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "these packages need root: $*"; fi
}

has_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Installs the Debian packages that are missing.
packages() {
  command -v apt-get >/dev/null || fail "this script knows Debian and Ubuntu; install by hand: $*"
  local missing=() package
  for package in "$@"; do has_package "$package" || missing+=("$package"); done
  [ ${#missing[@]} -eq 0 ] && return
  say "Installing with apt: ${missing[*]}"
  [ -n "${APT_IS_FRESH:-}" ] || { as_root apt-get update -qq; APT_IS_FRESH=1; }
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# PostgreSQL 15 or newer: the newest that the distribution has, unless one is there.
postgresql() {
  local folder version
  for folder in /usr/lib/postgresql/*/bin; do
    version=${folder#/usr/lib/postgresql/}; version=${version%/bin}
    [ -x "$folder/initdb" ] && [ "$version" -ge 15 ] 2>/dev/null && return
  done
  [ -n "${APT_IS_FRESH:-}" ] || { as_root apt-get update -qq; APT_IS_FRESH=1; }
  version=$(apt-cache search --names-only '^postgresql-[0-9]+$' | sed 's/^postgresql-\([0-9]*\).*/\1/' | sort -n | tail -1)
  [ "${version:-0}" -ge 15 ] || fail "PostgreSQL 15 or newer is needed and the distribution has ${version:-none}"
  packages "postgresql-$version"
}

# Node 20 or newer, for the WebAssembly optimiser and the browser tests.
node_20() {
  export PATH="$CACHE/node/node_modules/node/bin:$PATH"
  command -v node >/dev/null && [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] && command -v npm >/dev/null && return
  command -v npm >/dev/null || packages nodejs npm
  [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] && return
  say "Installing Node 20 from npm into $CACHE/node (the distribution's is older)"
  npm install --silent --no-save --prefix "$CACHE/node" node@20
  hash -r
}

# Packages of npm, exactly as locked. The stamp holds what was installed last.
npm_packages() {
  local folder=$1
  cmp -s "$folder/package-lock.json" "$folder/node_modules/.installed" && return
  say "Installing npm packages of $folder"
  npm ci --silent --prefix "$folder"
  cp "$folder/package-lock.json" "$folder/node_modules/.installed"
}

rust() {
  [ -f "${CARGO_HOME:-$HOME/.cargo}/env" ] && . "${CARGO_HOME:-$HOME/.cargo}/env"
  command -v cargo >/dev/null || fail "Rust is missing: install rustup first (https://rustup.rs)"
  cargo --version >/dev/null || fail "the toolchain of rust-toolchain.toml cannot be installed"
}

# The standard library for browsers: rustup's, or Debian's where rustup cannot reach its server.
browser_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown/lib" ] && return
  rustup target add wasm32-unknown-unknown 2>/dev/null && return
  packages rustc-web rust-web-src lld
}

CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/colloque
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$CACHE/target}
# What debhelper and friends leave in the environment changes nothing here.
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-auto}

build_tools() {
  packages build-essential ca-certificates cmake git pkg-config util-linux
  postgresql
  node_20
  rust
  browser_target
  npm_packages xtask/npm
}
