# LarvSeg-DAG with the versions of constraints.txt. docs/operations.md says how to build and run it; larvseg.def is the same for Apptainer.
# torch brings the libraries of CUDA; the base makes the driver of the host visible.
FROM nvidia/cuda:13.0.1-base-ubuntu24.04

RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates git python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*

# a home that whoever runs the image can write to, for caches of Snakemake and matplotlib; and a name for who has none here (docker run --user)
RUN useradd --create-home larvseg && chmod 1777 /home/larvseg && git config --system --add safe.directory /larvseg
ENV HOME=/home/larvseg USER=larvseg PATH=/opt/larvseg/bin:$PATH

# what is installed changes seldom, the code often
WORKDIR /larvseg
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY larvseg/__init__.py larvseg/
RUN python3 -m venv /opt/larvseg && pip install --no-cache-dir --constraint constraints.txt --editable '.[photos]'
COPY --chown=larvseg . .

USER larvseg
CMD ["larvseg", "doctor"]
