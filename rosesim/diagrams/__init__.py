"""Diagrams by optimisation: three small languages, a library of shapes and relations, and a solver.

A person writes what a diagram is about (Domain, Substance) and how it should look (Style); constraints and
objectives become one energy, which compiled gradients minimise. The languages are those of Penrose (Ye and others,
SIGGRAPH 2020, *Penrose: from mathematical notation to beautiful diagrams*).

    errors, scalars <- values <- syntax <- language (the three parsers and their checks)
    shapes, library <- style (matching, assignment, evaluation) -> problem
    problem -> energy (terms by template, compiled) -> solve -> picture (SVG)
"""
