# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The table of aten operators the oracle reads: {name: function of reader, call, names}."""

TRANSLATIONS = {}


def translates(*ops):
    """Register the translation of aten operators."""
    def register(function):
        for op in ops:
            TRANSLATIONS[op] = function
        return function
    return register
