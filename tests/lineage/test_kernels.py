"""Networks compute the same bytes whatever the environment said, and the record says with which kernels."""

import os
import subprocess
import sys

import pytest

from larvseg.lineage.kernels import AVX2, choose, kernels_of, other_cpu, path, with_path

X86 = "processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: fpu sse2 {flags}\n\nprocessor\t: 1\nflags\t\t: fpu\n"
XEON = X86.format(vendor="GenuineIntel", flags="avx avx2 fma avx512f amx_tile")
CPUS = {
    "avx2": XEON,
    "avx2 on AuthenticAMD": X86.format(vendor="AuthenticAMD", flags="avx avx2 fma"),
    "x86_64 without avx2": X86.format(vendor="GenuineIntel", flags="avx"),
    "aarch64": "processor\t: 0\nFeatures\t: fp asimd sve\n",
}


@pytest.fixture
def cpu(tmp_path, monkeypatch):
    """A function that writes `text` where Linux would tell of the CPU."""

    def of(text: str, machine: str = "x86_64"):
        monkeypatch.setattr("platform.machine", lambda: machine)
        (tmp_path / "cpuinfo").write_text(text)
        return tmp_path / "cpuinfo"

    return of


@pytest.mark.parametrize("name", CPUS)
def test_the_path_is_told_and_taken_where_the_cpu_has_it(cpu, name):
    cpuinfo, environ = cpu(CPUS[name], "aarch64" if name == "aarch64" else "x86_64"), {"PATH": "/bin", "ATEN_CPU_CAPABILITY": "avx512"}
    assert path("avx2", cpuinfo) == name
    choose("avx2", environ, cpuinfo)
    assert environ == {"PATH": "/bin"} | (AVX2 if name.startswith("avx2") else {})


def test_native_kernels_depend_on_nothing_but_the_cpu(cpu):
    environ = {"PATH": "/bin", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2", "DNNL_MAX_CPU_ISA": "SSE41", **AVX2}
    choose("native", environ, cpu(XEON))
    assert environ == {"PATH": "/bin"}
    assert path("native", cpu(XEON)) == "native (avx fma avx2 avx512f amx_tile)"
    assert path("native", cpu(CPUS["aarch64"], "aarch64")) == "native (asimd sve)"


def test_where_nothing_tells_of_the_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "arm64")
    assert (path("avx2", tmp_path / "none"), path("native", tmp_path / "none")) == ("arm64", "native (arm64)")


def test_only_the_environment_of_networks_tells_the_kernels(monkeypatch):
    monkeypatch.setattr("larvseg.lineage.kernels.path", lambda kernels: f"{kernels} here")
    assert with_path(["numpy==1"], "avx2") == ["numpy==1"]
    packages = with_path(["numpy==1", "torch==2"], kernels_of({"runtime": {"kernels": "native"}}))
    assert packages == ["cpu-kernels==native here", "numpy==1", "torch==2"]
    record = {"recipe": {"config": {"runtime": None}, "environment": packages}}
    assert other_cpu(record) == "made on another kind of CPU (native here → avx2 here)"
    assert other_cpu({"recipe": {"config": {}, "environment": ["torch==2"]}}) is None


COMPUTE = """
from larvseg.lineage.kernels import choose
choose()
import hashlib, numpy as np, torch, torch.nn.functional as F
torch.set_num_threads(1)
chance = torch.Generator().manual_seed(0)
images, patches, weights = (torch.rand(size, generator=chance).requires_grad_() for size in ((2, 3, 32, 32), (96, 3, 8, 8), (96, 96)))
tokens = F.conv2d(images, patches, stride=8).flatten(2).transpose(1, 2)
tokens = F.gelu(F.layer_norm(tokens, (96,)) @ weights)
tokens = F.scaled_dot_product_attention(tokens, tokens, tokens)
tokens.log_softmax(-1).square().mean().backward()
digest = hashlib.sha256()
for array in (tokens.detach(), images.grad, patches.grad, weights.grad):
    digest.update(array.contiguous().numpy().tobytes())
doubles = np.random.default_rng(0).random((60, 60))
digest.update((doubles @ np.exp(doubles)).tobytes())
print(digest.hexdigest())
"""
STARTS = (
    {},
    {"ATEN_CPU_CAPABILITY": "default", "MKL_CBWR": "COMPATIBLE", "DNNL_MAX_CPU_ISA": "SSE41", "OPENBLAS_CORETYPE": "Nehalem"},
    {
        "ATEN_CPU_CAPABILITY": "avx512",
        "ONEDNN_MAX_CPU_ISA": "ALL",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "NPY_DISABLE_CPU_FEATURES": "X86_V3",
    },
)


def test_the_same_bytes_whatever_the_environment_said():
    found = set()
    for start in STARTS:
        done = subprocess.run([sys.executable, "-c", COMPUTE], env=os.environ | start, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        found.add(done.stdout)
    assert len(found) == 1
