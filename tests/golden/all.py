#!/usr/bin/python3
"""Make all golden files again; --check compares instead and exits with 1 on any difference."""

import sys

import antialias
import filters
import library_filters
import make
import people
import presets
import processors
import quantize
import sentence_piece
import tabular
import warp

if __name__ == "__main__":
    modules = (
        make, warp, antialias, filters, library_filters, processors, presets, quantize, tabular, people,
        sentence_piece,
    )
    sys.exit(max(module.main() for module in modules))
