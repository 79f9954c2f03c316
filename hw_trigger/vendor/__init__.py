"""Reports of AMD's tools: C synthesis, co-simulation, export and logic synthesis of Vivado HLS and Vitis HLS, old and new.

In the order of use: :mod:`read` (one file), :mod:`find` (all files of a project), :mod:`layers` (which module is which layer),
:mod:`compare` (estimates beside the vendor's figures). :mod:`records` holds what was read.

**What of hls4ml.report is used.** ``hls4ml.report.parse_vivado_report`` reads four totals of a project; the tests hold this
room's reading of the same files against it. It is not what reads here, because

- it looks at fixed places only (``<name>_prj/<solution>``), knows neither Vitis' unified layout nor a folder of reports, and
  prints and returns ``None`` where the project is missing, so that nobody learns what was wrong with which file;
- it ends in a stack trace (``AttributeError``, ``IndexError``) on a file that is cut short, or silently leaves figures out;
- it returns text, design totals only: no modules, no table by kind, no part or version, no export reports;
- it calls the block RAM *tiles* (36 Kbit, halves possible) of logic synthesis ``BRAM_18K``, and shows the best-case latency
  as the worst case.
"""
