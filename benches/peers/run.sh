#!/bin/sh
# run.sh [SONG]   ours beside other masterers, on the same song, in the same run, on one core.
# Everything that it makes or installs is under target/peers; what does not install becomes a row that says so.
set -eu
cd "$(dirname "$0")/../.."
peers=target/peers
mkdir -p "$peers"

if [ ! -x "$peers/venv/bin/python" ]; then
    if ! python3 -m venv "$peers/venv"; then
        echo 'python3 -m venv fails; on Debian it is in the package python3-venv' >&2
        exit 1
    fi
fi
# One at a time, so that one that fails keeps no other away.
for package in soundfile matchering==2.0.6 libsonare pedalboard; do
    "$peers/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$package" \
        || echo "$package does not install here" >&2
done

song=${1:-}
if [ -z "$song" ]; then
    # 205 s of music-like stereo: a beat, a bass that walks, two voices that swell, a snare and air. Always the same.
    song=$peers/song.wav
    beat='0.55*exp(-30*mod(t,0.5))*sin(2*PI*60*mod(t,0.5))'
    bass='0.18*sin(2*PI*55*(1+mod(floor(t/4),3)/4)*t)'
    swell='(0.35+0.65*(0.5-0.5*cos(2*PI*t/9)))'
    air='(0.02+0.3*gt(mod(t,1),0.5)*exp(-25*mod(t,0.5)))'
    left="0.8*($beat+$bass+0.12*sin(2*PI*440*t)*$swell+(2*random(0)-1)*$air)"
    right="0.8*($beat+$bass+0.12*sin(2*PI*554.37*t)*$swell+(2*random(1)-1)*$air)"
    if [ ! -f "$song" ]; then
        ffmpeg -v error -f lavfi -i "aevalsrc='$left|$right':s=44100:d=205:c=stereo" -c:a pcm_s24le "$song"
    fi
fi
exec "$peers/venv/bin/python" benches/peers/peers.py "$song" "$peers" target/release/mixrunners
