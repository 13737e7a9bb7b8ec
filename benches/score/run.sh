#!/bin/sh
# run.sh [FOLDER]   judges masters of the songs in a folder (without one: of four made songs), ours beside others.
# Everything that it makes or installs is under target/score; what does not install is left out.
set -eu
cd "$(dirname "$0")/../.."
work=target/score
mkdir -p "$work"

if [ ! -x "$work/venv/bin/python" ]; then
    if ! python3 -m venv "$work/venv"; then
        echo 'python3 -m venv fails; on Debian it is in the package python3-venv' >&2
        exit 2
    fi
fi
# One at a time, so that one that fails keeps no other away.
for package in numpy scipy soundfile matchering==2.0.6 libsonare; do
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$package" \
        || echo "$package does not install here" >&2
done

# One core each: two songs are judged at a time.
export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
exec "$work/venv/bin/python" benches/score/score.py "$work" ${1:+"$1"}
