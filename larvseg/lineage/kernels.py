"""Which vector kernels compute on a CPU: sums of another width come out otherwise in their last bits, and training makes that visible.

Torch, oneDNN, MKL, NumPy and OpenBLAS each look at the CPU and take the widest kernels that it has. What they are told before they load
holds for the whole process and for its children. AVX2 is what nearly every x86 CPU since 2013 has.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

DEFAULT = "avx2"
PIN = "cpu-kernels"  # what stands for a distribution's name in the environment of a record
CPUINFO = Path("/proc/cpuinfo")
AVX2 = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    "MKL_CBWR": "AVX2,STRICT",  # strict: nor do bytes depend on where in memory an array begins
    "NPY_ENABLE_CPU_FEATURES": "X86_V3",
    "OPENBLAS_CORETYPE": "Haswell",
}
# Others by which an environment could choose kernels, or the precision in which they multiply.
OTHERS = ("DNNL_MAX_CPU_ISA", "ONEDNN_CPU_ISA_HINTS", "DNNL_CPU_ISA_HINTS", "ONEDNN_DEFAULT_FPMATH_MODE", "DNNL_DEFAULT_FPMATH_MODE")
OTHERS += ("MKL_ENABLE_INSTRUCTIONS", "MKL_DEBUG_CPU_TYPE", "NPY_DISABLE_CPU_FEATURES")
# Abilities of a CPU that decide which kernels are taken where nothing holds them back.
DECISIVE = ("avx", "fma", "avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_tile", "asimd", "sve", "sve2")


def choose(kernels: str = DEFAULT, environ: MutableMapping[str, str] = os.environ, cpuinfo: Path = CPUINFO) -> None:
    """Have the libraries take `kernels`, avx2 or native (whatever this CPU has), whatever `environ` said before.

    To be called before torch, NumPy or SciPy are imported. A CPU without AVX2 takes what it has: told otherwise, torch would crash.
    """
    for name in (*AVX2, *OTHERS):
        environ.pop(name, None)
    if path(kernels, cpuinfo).startswith("avx2"):
        environ.update(AVX2)


def path(kernels: str = DEFAULT, cpuinfo: Path = CPUINFO) -> str:
    """What `choose(kernels)` comes to on this CPU, as records say it: avx2, native (…), x86_64 without avx2, aarch64."""
    vendor, abilities = _cpu(cpuinfo)
    if kernels == "native":
        return f"native ({' '.join(name for name in DECISIVE if name in abilities) or platform.machine()})"
    if {"avx2", "fma"} <= abilities:
        # MKL keeps to AVX2 on Intel's CPUs only and decides by itself on others
        return "avx2" if vendor == "GenuineIntel" else f"avx2 on {vendor}"
    return f"{platform.machine()} without avx2" if "sse2" in abilities else platform.machine()


def kernels_of(config: Mapping[str, Any]) -> str:
    """The choice in the configuration of a stage; the default where it says nothing of a runtime."""
    return (config.get("runtime") or {}).get("kernels", DEFAULT)


def with_path(packages: list[str], kernels: str) -> list[str]:
    """`packages` (name==version), with the kernels as one more if torch is among them: only its numbers go through training."""
    if not any(package.startswith("torch==") for package in packages):
        return packages
    return sorted([*packages, f"{PIN}=={path(kernels)}"])


def other_cpu(record: Mapping[str, Any]) -> str | None:
    """That what `record` tells of was made with other kernels than the same choice takes here; None if it was not, or it is not said."""
    recipe = record["recipe"]
    was = next((pin.partition("==")[2] for pin in recipe["environment"] if pin.startswith(f"{PIN}==")), None)
    now = path(kernels_of(recipe["config"]))
    return f"made on another kind of CPU ({was} → {now})" if was not in (None, now) else None


def _cpu(cpuinfo: Path) -> tuple[str, frozenset[str]]:
    """Vendor and abilities of the first CPU, as Linux tells them; nothing elsewhere."""
    told: dict[str, str] = {}
    for line in cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.is_file() else ():
        name, _, value = line.partition(":")
        told.setdefault(name.strip(), value.strip())
    return told.get("vendor_id", ""), frozenset((told.get("flags") or told.get("Features") or "").split())
