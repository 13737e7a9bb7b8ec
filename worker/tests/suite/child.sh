#!/bin/sh
# Speaks the child's side of the protocol. The song's title says what to do.
[ "$1" = render ] || exit 64
[ -z "$HOME$MIXRUNNERS_SECRET" ] || exit 65
IFS= read -r order
fields() { grep -o "\"$1\":\"[^\"]*\"" | sed 's/^[^:]*:"//; s/"$//'; }
field() { printf '%s' "$order" | fields "$1" | head -n 1; }
out=$(field out)
title=$(printf '%s' "$order" | fields title | tail -n 1)
input=$(field input)
progress() { echo "{\"stage\":\"$1\",\"progress\":$2}"; }
file() { # kind name format file peaks
    sum=$(sha256sum "$out/$4" | cut -d' ' -f1)
    size=$(wc -c <"$out/$4")
    echo "{\"kind\":\"$1\",\"name\":\"$2\",\"format\":\"$3\",\"file\":\"$4\",\"sha256\":\"$sum\",\"size_bytes\":$size,\"peaks_file\":$5}"
}
mastered() { echo "{\"done\":{\"files\":[$1],\"engine_version\":\"0.1.0\"}}"; }
problem() { echo "{\"problem\":{\"code\":\"$1\",\"title\":\"T\",\"detail\":\"D\",\"stage\":\"decode\",\"fault\":\"$2\",\"retryable\":false}}"; }
hungry() { echo 'memory allocation of 99999999999 bytes failed' >&2; kill -ABRT $$; }
progress decode 0.5

if [ "$(field task)" = check ]; then
    [ "$(cat "$input")" = noise ] && { problem audio_silent input; exit 0; }
    [ "$(cat "$input")" = bomb ] && hungry
    echo '{"columns":0}' >"$out/peaks.json"
    echo '{"done":{"audio":{"format":"wav","sample_rate_hz":44100,"channels":2,"bit_depth":24,"frames":441,"duration_s":0.01,"lossy":false},"findings":[{"code":"quiet","severity":"info","text":"It is quiet."}],"peaks_file":"peaks.json"}}'
    exit 0
fi

if [ "$(field task)" = album ]; then
    made=''
    number=0
    inputs=$(printf '%s' "$order" | sed 's/.*"inputs":\[\([^]]*\)\].*/\1/')
    titles=$(printf '%s' "$inputs" | fields title)
    for path in $(printf '%s' "$inputs" | fields input); do
        number=$((number + 1))
        cp "$path" "$out/0$number-master.wav24"
        name="0$number $(echo "$titles" | sed -n "${number}p") (master).wav"
        made="$made$(file master "$name" wav24 "0$number-master.wav24" null | sed "s/^{/{\"track\":$number,/"),"
        progress master "0.$number"
    done
    echo "$order" >"$out/report.json"
    mastered "$made$(file report report.json json report.json null)"
    exit 0
fi

{ echo "mastered"; printf '%s' "$order" | fields input | while read -r path; do cat "$path"; done; } >"$out/master.wav24"
case "$title" in
dies) kill -9 $$ ;;
hungry) hungry ;;
exits) mastered "$(file master M wav24 master.wav24 null)"; exit 3 ;;
silent) exit 0 ;;
garbage) echo "Segmentation fault" ;;
endless) head -c 3000000 /dev/zero ;;
chatty) problem audio_silent input; progress decode 0.9 ;;
links) ln -sf /etc/passwd "$out/link"; mastered "$(file master M wav24 link null)" ;;
climbs) mastered "$(file master M wav24 master.wav24 null | sed 's/master.wav24","sha/..\/..\/x","sha/')" ;;
lies) mastered "$(file master M wav24 master.wav24 null | sed 's/"sha256":"..../"sha256":"0000/')" ;;
other) echo '{"done":{"audio":{"format":"wav","sample_rate_hz":44100,"channels":2,"bit_depth":24,"frames":441,"duration_s":0.01,"lossy":false},"findings":[],"peaks_file":"p"}}' ;;
bad) problem audio_silent input ;;
ours) problem disk_failed ours ;;
floods) i=0; while [ $i -lt 2100 ]; do : >"$out/$i"; i=$((i + 1)); done; sleep 60 ;;
chatters)
    echo $$ >"PIDS/$$"
    while :; do progress master 0.5; done
    ;;
hangs | fills)
    # Until the test lets it go on.
    echo $$ >"PIDS/$$"
    progress master 0.5
    while [ ! -e "PIDS/go" ]; do sleep 0.05; done
    [ "$title" = fills ] && problem disk_failed ours
    ;;
esac
case "$title" in
busy) i=0; while [ $i -lt 1000 ]; do progress master "0.$(printf %03d $i)"; i=$((i + 1)); done ;;
esac
case "$title" in
song | hangs | busy | "Untitled take")
    echo '{"columns":1}' >"$out/master.peaks.json"
    echo "$order" >"$out/report.json"
    mastered "$(file master "$title (master).wav" wav24 master.wav24 '"master.peaks.json"'),$(file report report.json json report.json null)"
    ;;
esac
