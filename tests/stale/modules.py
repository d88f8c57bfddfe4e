"""Numbers in globals, modules and the environment."""

from __future__ import annotations

import importlib
import os
import sys
import types
from typing import Any

from stale.kit import case, line, written


@case
def a_global_deleted() -> Any:
    text = "def f(x):\n    try:\n        return line(x, k)\n    except NameError:\n        return line(x, 9.0)\n"
    space = written(text, k=3.0)
    return space["f"], lambda: space.pop("k")


@case
def a_global_defined() -> Any:
    space = written(
        "def f(x):\n    try:\n        return line(x, k)\n    except NameError:\n        return line(x, 3.0)\n"
    )
    return space["f"], lambda: space.update(k=9.0)


@case
def a_builtin_hidden() -> Any:
    space = written("def f(x):\n    return line(x, max(1.0, 3.0))\n")
    return space["f"], lambda: space.update(max=lambda *_: 9.0)


@case
def a_builtin_added() -> Any:
    import builtins

    builtins.rosesim_test_k = 3.0  # type: ignore[attr-defined]
    space = written("def f(x):\n    return line(x, rosesim_test_k)\n")
    return space["f"], lambda: setattr(builtins, "rosesim_test_k", 9.0)


@case
def globals_by_name() -> Any:
    space = written("k = 3.0\ndef f(x):\n    return line(x, globals()['k'])\n")
    return space["f"], lambda: space.update(k=9.0)


@case
def eval_of_text() -> Any:
    space = written("k = 3.0\ndef f(x):\n    return line(x, eval('k * 1'))\n")
    return space["f"], lambda: space.update(k=9.0)


@case
def a_module() -> Any:
    m = types.ModuleType("physics")
    m.k = 3.0  # type: ignore[attr-defined]
    return lambda x: line(x, m.k), lambda: setattr(m, "k", 9.0)


@case
def a_function_of_a_module() -> Any:
    m = types.ModuleType("physics")
    exec("k = 3.0\ndef stiff():\n    return k\n", m.__dict__)
    return lambda x: line(x, m.stiff()), lambda: setattr(m, "k", 9.0)


@case
def getattr_of_a_module() -> Any:
    m = types.ModuleType("physics")
    m.k = 3.0  # type: ignore[attr-defined]
    return lambda x: line(x, getattr(m, "".join("k"))), lambda: setattr(m, "k", 9.0)


@case
def a_module_imported_inside() -> Any:
    m = types.ModuleType("rosesim_test_physics")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    space = written("def f(x):\n    import rosesim_test_physics as p\n    return line(x, p.k)\n")
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_name_imported_inside() -> Any:
    m = types.ModuleType("rosesim_test_physics2")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    space = written("def f(x):\n    from rosesim_test_physics2 import k\n    return line(x, k)\n")
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_module_by_import_module() -> Any:
    m = types.ModuleType("rosesim_test_physics3")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    return lambda x: line(x, importlib.import_module("rosesim_test_physics3").k), lambda: setattr(m, "k", 9.0)


@case
def a_module_by_sys_modules() -> Any:
    m = types.ModuleType("rosesim_test_physics4")
    m.k = 3.0  # type: ignore[attr-defined]
    sys.modules[m.__name__] = m
    return lambda x: line(x, sys.modules["rosesim_test_physics4"].k), lambda: setattr(m, "k", 9.0)


@case
def the_environment() -> Any:
    os.environ["ROSESIM_TEST_K"] = "3"
    return lambda x: line(x, float(os.environ["ROSESIM_TEST_K"])), lambda: os.environ.update(ROSESIM_TEST_K="9")


@case
def getenv() -> Any:
    os.environ["ROSESIM_TEST_K2"] = "3"
    return lambda x: line(x, float(os.getenv("ROSESIM_TEST_K2", "0"))), lambda: os.environ.update(ROSESIM_TEST_K2="9")


@case
def an_attribute_that_a_module_got() -> Any:
    m = types.ModuleType("physics")

    def f(x: Any) -> Any:
        try:
            return line(x, m.k)
        except AttributeError:
            return line(x, 3.0)

    return f, lambda: setattr(m, "k", 9.0)


@case
def an_attribute_that_an_imported_module_got() -> Any:
    m = types.ModuleType("rosesim_test_physics5")
    sys.modules[m.__name__] = m
    space = written(
        """
def f(x):
    import rosesim_test_physics5 as p
    try:
        return line(x, p.k)
    except AttributeError:
        return line(x, 3.0)
"""
    )
    return space["f"], lambda: setattr(m, "k", 9.0)


@case
def a_module_that_makes_attributes() -> Any:
    m = types.ModuleType("physics")
    exec("hidden = 3.0\ndef __getattr__(name):\n    return hidden\n", m.__dict__)
    return lambda x: line(x, m.k), lambda: setattr(m, "hidden", 9.0)


@case
def a_module_named_like_one_of_the_standard_librarys() -> Any:
    m = types.ModuleType("wave")
    m.__file__ = os.path.abspath("wave.py")
    exec("k = 3.0\ndef stiff():\n    return k\n", m.__dict__)
    sys.modules["wave"] = m
    return lambda x: line(x, m.stiff()), lambda: setattr(m, "k", 9.0)


@case
def builtins_of_its_own() -> Any:
    own = {"rosesim_test_k": 3.0}
    space = written("def f(x):\n    return line(x, rosesim_test_k)\n", __builtins__=own)
    return space["f"], lambda: own.update(rosesim_test_k=9.0)
