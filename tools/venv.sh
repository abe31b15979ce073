#!/bin/sh
# Makes the virtual environment: `venv.sh PYTHON FOLDER`. Debian ships venv apart from Python; root gets it installed.
set -eu
python=$1 folder=$2
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "installing python3-venv"
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq
        apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
    else
        echo "$python has no venv; install it (Debian: apt-get install python3-venv) and run make again" >&2
        exit 1
    fi
fi
"$python" -m venv "$folder"
