#!/bin/sh
# Makes the virtual environment, or says in one sentence what this machine lacks.
# Usage: make_venv.sh DIRECTORY [PYTHON]
set -eu

directory=$1
wanted=${2:-}

version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null; }

# The versions that Parley is tested with come first; a newer one will do where there is nothing else.
chosen=
newer=
seen=
for candidate in ${wanted:-python3 python3.13 python3.12 python3.11 python}; do
    version=$(version_of "$candidate") || continue
    case $version in
        3.11 | 3.12 | 3.13) chosen=$candidate && break ;;
        3.1[4-9] | 3.[2-9][0-9]) newer=${newer:-$candidate} ;;
        *) seen="$seen $candidate is Python $version." ;;
    esac
done
chosen=${chosen:-$newer}

if [ -z "$chosen" ]; then
    echo "Parley needs Python 3.11 or newer.${seen:- There is no python3 on the PATH.}" >&2
    echo "Install one, or say where it is: make run PYTHON=/path/to/python3.12" >&2
    exit 1
fi

if ! "$chosen" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$(version_of "$chosen")
    echo "$chosen (Python $version) cannot make virtual environments: its venv module is missing." >&2
    echo "On Debian and Ubuntu, as root: apt-get install python$version-venv" >&2
    exit 1
fi

echo "Making $directory with Python $(version_of "$chosen") ..."
rm -rf "$directory"
"$chosen" -m venv "$directory"
