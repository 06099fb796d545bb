"""Import first: clears pins of processor types from the environment, for this process and what it starts.

OpenBLAS, MKL, oneDNN and PyTorch let a variable choose the kernels of another processor, so that results can be reproduced elsewhere. A
comparison under such a pin (OPENBLAS_CORETYPE=Haswell on a machine with AVX-512, say) compares code that nobody runs there. The libraries read
these when they are loaded. MLXC_CPU stays: it is how one asks for our own kernels of another machine.
"""
import os

PINS = ("OPENBLAS_CORETYPE", "NVPL_BLAS_DEBUG_CPU_TYPE", "MKL_DEBUG_CPU_TYPE", "MKL_ENABLE_INSTRUCTIONS", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA",
        "DNNL_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY")

for pin in PINS:
    os.environ.pop(pin, None)
