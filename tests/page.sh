#!/bin/sh
# page.sh PROGRAM   drives the page in a real browser against a real service with a real song.
set -eu
program=$1
folder=$(mktemp -d)
service=''
shop=''
trap 'status=$?; [ -z "$service" ] || kill "$service" 2>/dev/null || true; [ -z "$shop" ] || kill "$shop" 2>/dev/null || true; [ $status = 0 ] || tail -n 30 "$folder/service.log" >&2; rm -rf "$folder"; exit $status' EXIT INT TERM

# Two voices, a beat and some air: enough for loudness, range and peaks to differ between original and master.
ffmpeg -v error -f lavfi -i "sine=f=110:r=44100:d=90" -f lavfi -i "sine=f=554.37:r=44100:d=90" \
    -f lavfi -i "anoisesrc=c=pink:r=44100:d=90:seed=7" -filter_complex \
    "[0]tremolo=f=2:d=0.9[a];[1]tremolo=f=0.5:d=0.6[b];[2]volume=0.3[c];[a][b][c]amix=3:normalize=0,volume=0.7,aformat=channel_layouts=stereo" \
    -c:a pcm_s24le "$folder/Night Drive.wav"

# link_of LOG   waits for the sign-in link that a service prints.
link_of() {
    for _ in $(seq 100); do
        link=$(grep -o 'http://127[^ ]*/sign-in#[A-Za-z0-9_-]*' "$1" | head -n 1 || true)
        [ -n "$link" ] && { echo "$link"; return; }
        sleep 0.1
    done
    echo "page.sh: no sign-in link in $1" >&2
    return 1
}

"$program" serve --data "$folder/data" --listen 127.0.0.1:0 >"$folder/service.log" 2>&1 &
service=$!
link=$(link_of "$folder/service.log")
mail=$(sed -n 's/^Mail is written into //p' "$folder/service.log")

# One that takes money. Nobody pays here, so nobody is behind the address of the provider.
STRIPE_SECRET_KEY=sk_test_page STRIPE_WEBHOOK_SECRET=whsec_page STRIPE_API_BASE=http://127.0.0.1:9 \
    "$program" serve --data "$folder/shop" --listen 127.0.0.1:0 >"$folder/shop.log" 2>&1 &
shop=$!
MIXRUNNERS_SHOP_SIGN_IN=$(link_of "$folder/shop.log")
export MIXRUNNERS_SHOP_SIGN_IN
MIXRUNNERS_URL=${link%/sign-in*} MIXRUNNERS_SIGN_IN=$link MIXRUNNERS_MAIL=$mail SONG="$folder/Night Drive.wav" npm --prefix web run e2e
