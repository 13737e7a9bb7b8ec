#!/bin/sh
# need.sh COMMAND:PACKAGE ...   makes sure that each command is there.
# On Debian (or a child of it) as root it installs what is missing; elsewhere it says what, and how to get it.
set -eu
# A database server's programs are on nobody's path.
for folder in /usr/lib/postgresql/*/bin; do PATH="$PATH:$folder"; done
missing_commands='' missing_packages=''
for pair in "$@"; do
    command=${pair%%:*}
    command -v "$command" >/dev/null 2>&1 && continue
    missing_commands="$missing_commands $command"
    missing_packages="$missing_packages ${pair#*:}"
done
[ -n "$missing_commands" ] || exit 0

case " $missing_packages " in *' rust '*)
    echo 'mixrunners needs Rust 1.95 or later, and there is no `cargo` here.' >&2
    echo 'Get it from https://rustup.rs, then run this again.' >&2
    exit 1;;
esac
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "mixrunners: installing$missing_packages" >&2
    apt-get update -qq
    # shellcheck disable=SC2086  # a list of packages is meant to be split
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing_packages >/dev/null
    exit 0
fi
echo "mixrunners needs, and does not find:$missing_commands" >&2
echo "On Debian or Ubuntu:   sudo apt-get install$missing_packages" >&2
echo "With Homebrew:         brew install$missing_packages" >&2
exit 1
