# shellcheck shell=bash
# packages.sh - bring in Debian packages that are missing; sourced by ../check
# and ../quickstart.  Nothing is asked of apt when nothing is missing.

package_is_installed() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# as_root COMMAND...: run it as root: as we are, or by sudo, which may ask for a
# password where there is a terminal.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif [ -t 0 ]; then
    sudo "$@"
  else
    sudo -n "$@"
  fi
}

# need_packages NAME...: installs those that are missing, without recommended
# ones, so that no mail server comes along.  Exits 100 where it may not.
need_packages() {
  local name missing=()
  for name; do
    package_is_installed "$name" || missing+=("$name")
  done
  [ "${#missing[@]}" -gt 0 ] || return 0
  echo "installing ${missing[*]}"
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    echo "Only root can install packages, and there is no sudo here.  Please install them:" >&2
    echo "  apt-get install --no-install-recommends ${missing[*]}" >&2
    exit 100
  fi
  apt_log=$(mktemp)
  if ! { as_root apt-get update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      "${missing[@]}"; } >"$apt_log" 2>&1; then
    tail -n 20 "$apt_log" >&2
    rm -f "$apt_log"
    echo "Could not install ${missing[*]}" >&2
    exit 100
  fi
  rm -f "$apt_log"
}
