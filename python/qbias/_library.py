# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""libqbias.so by ctypes; see include/qbias/CAPI/Program.h."""

import ctypes
import os

PLACES = ("../../build/lib", "../../../lib", ".")  # of the library, from this folder


class Error(RuntimeError):
    """What the compiler or the program refuses; the text is the compiler's message."""


class Options(ctypes.Structure):
    """qbias_options."""

    _fields_ = [("size", ctypes.c_size_t), ("requant", ctypes.c_char_p),
                ("threads", ctypes.c_int64), ("batch", ctypes.c_int64),
                ("shapes", ctypes.POINTER(ctypes.c_char_p)), ("bias", ctypes.c_char_p),
                ("layers", ctypes.POINTER(ctypes.c_char_p))]


class TensorStruct(ctypes.Structure):
    """qbias_tensor."""

    _fields_ = [("name", ctypes.c_char_p), ("dtype", ctypes.c_char_p),
                ("rank", ctypes.c_int64), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("is_real", ctypes.c_int32), ("is_unused", ctypes.c_int32),
                ("is_quantized", ctypes.c_int32), ("scale", ctypes.c_double),
                ("zero_point", ctypes.c_int64), ("min", ctypes.c_int64),
                ("max", ctypes.c_int64), ("axis", ctypes.c_int64),
                ("channels", ctypes.c_int64), ("scales", ctypes.POINTER(ctypes.c_double)),
                ("offsets", ctypes.POINTER(ctypes.c_double))]


def _find():
    given = os.environ.get("QBIAS_LIBRARY")
    here = os.path.dirname(os.path.abspath(__file__))
    paths = [given] if given else [os.path.join(here, place, "libqbias.so") for place in PLACES]
    for path in paths:
        if os.path.exists(path):
            return path
    raise Error(f"libqbias.so is not in {', '.join(map(os.path.normpath, paths))}; build it, or "
                f"name it with QBIAS_LIBRARY")


_LIBRARY = None


def library():
    """The loaded library."""
    global _LIBRARY  # pylint: disable=global-statement
    if _LIBRARY is None:
        lib = ctypes.CDLL(_find())
        text = ctypes.POINTER(ctypes.c_char_p)
        lib.qbias_compile.argtypes = [ctypes.c_char_p, ctypes.POINTER(Options),
                                      ctypes.POINTER(ctypes.c_void_p), text]
        lib.qbias_release.argtypes = [ctypes.c_void_p]
        lib.qbias_release.restype = None
        lib.qbias_free.argtypes = [ctypes.c_char_p]
        lib.qbias_free.restype = None
        for name in ("qbias_num_inputs", "qbias_num_outputs"):
            getattr(lib, name).argtypes = [ctypes.c_void_p]
            getattr(lib, name).restype = ctypes.c_int64
        for name in ("qbias_get_input", "qbias_get_output"):
            getattr(lib, name).argtypes = [ctypes.c_void_p, ctypes.c_int64,
                                           ctypes.POINTER(TensorStruct)]
            getattr(lib, name).restype = None
        pointers = ctypes.POINTER(ctypes.c_void_p)
        lib.qbias_run.argtypes = [ctypes.c_void_p, ctypes.c_int64, pointers, pointers,
                                  ctypes.c_int32, ctypes.c_int32, text]
        for name in ("qbias_report", "qbias_certificate"):
            getattr(lib, name).argtypes = [ctypes.c_void_p, text, text]
        _LIBRARY = lib
    return _LIBRARY


def call(function, *arguments):
    """Call a function whose last argument is the message; what a success says there.

    Errors: Error.
    """
    message = ctypes.c_char_p()
    if function(*arguments, ctypes.byref(message)):
        raise Error(take(message) or "failed")
    return take(message)


def take(text):
    """A string the library made, which is released."""
    value = (text.value or b"").decode(errors="replace")
    library().qbias_free(text)
    return value
