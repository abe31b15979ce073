#!/bin/sh
# Gives each role exactly its own files. Run as root after `sealgate init`, and again after any change of keys.
#   own.sh [CONFIG-DIR [DATA-DIR [SHELF-DIR]]]
# Key files belong to root and are only readable to the group of those who hold them (keys/README.md).
set -eu
etc=${1:-/etc/sealgate} var=${2:-/var/lib/sealgate} shelf=${3:-/var/lib/sealgate-shelf}
: "${ROOT:=root}" "${SMTP:=sealgate-smtp}" "${WORKER:=sealgate-worker}"
: "${ALL:=sealgate}" "${DOOR:=sealgate-door}" "${BOUNCE:=sealgate-bounce}" "${LINKS:=sealgate-links}" "${TLS:=sealgate-tls}"
: "${WORKERS:=sealgate-worker}" "${REVIEWERS:=sealgate-review}" "${USERS:=sealgate-users}" "${WEB:=sealgate-web}"

# give OWNER GROUP MODE FILE...: files that are not there are passed over
give() {
    owner=$1 group=$2 mode=$3
    shift 3
    for one in "$@"; do
        [ -e "$one" ] || continue
        chown "$owner:$group" "$one"
        chmod "$mode" "$one"
    done
}
# folder OWNER GROUP MODE DIR
folder() {
    mkdir -p "$4"
    give "$1" "$2" "$3" "$4"
}

# What everybody may read: configuration, policy, public halves, certificates
folder "$ROOT" "$ALL" 0750 "$etc"
folder "$ROOT" "$ALL" 0750 "$etc/keys"
folder "$ROOT" "$WORKERS" 0750 "$etc/secrets"
give "$ROOT" "$ALL" 0640 "$etc/sealgate.toml" "$etc/policy.toml"
give "$ROOT" "$ALL" 0644 "$etc"/keys/*.pub "$etc"/keys/*.crt "$etc/keys/openpgp.asc" "$etc/keys/tls.pem"
[ -d "$etc/certificates" ] && { give "$ROOT" "$WORKERS" 0750 "$etc/certificates"; give "$ROOT" "$WORKERS" 0640 "$etc"/certificates/*; }

# Private keys, each to those who hold it and to nobody else
give "$ROOT" "$DOOR" 0640 "$etc/keys/intake.key"
give "$ROOT" "$WEB" 0640 "$etc/keys/answer.key"
give "$ROOT" "$BOUNCE" 0640 "$etc/keys/bounce.key"
give "$ROOT" "$LINKS" 0640 "$etc/keys/lookup.key"
give "$ROOT" "$TLS" 0640 "$etc/keys/tls.key"
give "$ROOT" "$REVIEWERS" 0640 "$etc/keys/review.key"
for name in calendar columns index decision ca openpgp; do give "$ROOT" "$WORKERS" 0640 "$etc/keys/$name.key"; done
give "$ROOT" "$WORKERS" 0640 "$etc"/secrets/*

# Data that roles share is sealed; the set-group-id bit says that sharing is meant
folder "$ROOT" "$ALL" 0751 "$var"
folder "$WORKER" "$ALL" 2770 "$var/db"
folder "$WORKER" "$ALL" 2770 "$var/blobs"
for one in unfinished $(seq 0 255); do
    [ "$one" = unfinished ] || one=$(printf %02x "$one")
    mkdir -p "$var/blobs/$one"
done
give "$WORKER" "$ALL" 0660 "$var"/db/*
find "$var/blobs" -mindepth 1 -type d -exec chown "$WORKER:$ALL" {} + -exec chmod 2770 {} +
find "$var/blobs" -type f -exec chown "$WORKER:$ALL" {} + -exec chmod 0660 {} +
folder "$WORKER" "$WORKERS" 0700 "$var/heads"
give "$WORKER" "$WORKERS" 0600 "$var"/heads/*
folder "$SMTP" "$USERS" 2750 "$var/users"
give "$SMTP" "$USERS" 0640 "$var"/users/*

# The shelf: epochs for workers alone, peppers readable to the portal
folder "$WORKER" "$LINKS" 0750 "$shelf"
folder "$WORKER" "$WORKERS" 0700 "$shelf/epochs"
folder "$WORKER" "$LINKS" 2750 "$shelf/peppers"
touch "$shelf/epochs/.shelf" "$shelf/peppers/.shelf" # the mark of a shelf: the portal cannot make it, and may start before a worker
find "$shelf/epochs" -type f -exec chown "$WORKER:$WORKERS" {} + -exec chmod 0600 {} +
find "$shelf/peppers" -type f -exec chown "$WORKER:$LINKS" {} + -exec chmod 0640 {} +
