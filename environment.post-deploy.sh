#!/usr/bin/env bash
# Snakemake runs this in an environment that it made of environment.yml (--sdm conda), in the folder that it works in: the environment gets the
# command larvseg, with the code that lies there. An environment file cannot say so itself: Snakemake installs a copy of it elsewhere.
set -euo pipefail
if [ ! -f pyproject.toml ] || [ ! -d larvseg ]; then
    echo "$PWD: no project to install; run snakemake in the folder of the project" >&2
    exit 1
fi
python -m pip install --no-deps --editable .
