#!/bin/bash
# peers.sh FOLDER PACKAGE...: unpack Debian packages under FOLDER/PACKAGE, each
# with those shared libraries that the machine lacks.  Nothing is installed, no
# service starts, no mail server is replaced.  What is there already is kept.
# npm:NAME@VERSION is one of npm's, put under FOLDER/NAME; left out without npm.
set -eu
# shellcheck source=tests/packages.sh
. "$(dirname "${BASH_SOURCE[0]}")/packages.sh"

[ $# -ge 2 ] || { echo "usage: peers.sh FOLDER PACKAGE..." >&2; exit 100; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift

libraries_named() { sed -n "s/^$1\(lib[a-z0-9.+-]*\|zlib1g\)\$/\1/p" | sort -u; }

# The libraries among the package's dependencies, and theirs, that are missing:
# not those of other programs that it needs, as of any mail server.
missing_libraries() {
  local name direct
  mapfile -t direct < <(apt-cache depends --important "$1" | libraries_named '[ |]*[A-Za-z]*Depends: ')
  [ "${#direct[@]}" -gt 0 ] || return 0
  apt-cache depends --recurse --important "${direct[@]}" | libraries_named '' | while read -r name; do
    package_is_installed "$name" || echo "$name"
  done
}

fetch() {
  local get=(apt-get -q -o APT::Sandbox::User=root download "$@")
  "${get[@]}" || { as_root apt-get update && "${get[@]}"; }
}

unpack() {
  local package=$1 debs deb libraries
  debs=$(mktemp -d)
  apt-cache show "$package" >/dev/null 2>&1 || as_root apt-get update
  mapfile -t libraries < <(missing_libraries "$package")
  (cd "$debs" && fetch "$package" "${libraries[@]}")
  rm -rf "${folder:?}/$package"
  for deb in "$debs"/*.deb; do
    dpkg-deb -x "$deb" "$folder/$package"
  done
  rm -rf "$debs"
  touch "$folder/$package/.complete"
}

unpack_from_npm() {
  local name=${1%@*}
  command -v npm >/dev/null || { echo "$1 is left out: npm is not installed"; return 0; }
  [ ! -e "$folder/$name/.complete" ] || return 0
  rm -rf "${folder:?}/$name"
  npm install --prefix "$folder/$name" --ignore-scripts --no-audit --no-fund --no-save "$1"
  touch "$folder/$name/.complete"
}

for package; do
  case $package in
    npm:*) unpack_from_npm "${package#npm:}"; continue ;;
  esac
  [ -e "$folder/$package/.complete" ] || unpack "$package"
done
