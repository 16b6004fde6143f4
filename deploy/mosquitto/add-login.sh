#!/bin/sh
# Adds a log-in to the broker: NAME PASSWORD, or without arguments that of our own programs. Changes one that is there.
set -eu
umask 077
file=${PASSWORDS:-/mosquitto/data/passwords}
name=${1:-liveshelf}
if [ "$name" = liveshelf ]; then
    password=${BROKER_PASSWORD:?}
else
    password=${2:?expected NAME PASSWORD}
fi
[ -f "$file" ] || : >"$file"
mosquitto_passwd -b "$file" "$name" "$password"
