# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds the package for pip (PEP 517) with the standard library and a C compiler alone.

A wheel has the extension where this CPython on Linux can have one and $CC, or cc, makes
it; else it is one of pure Python, which asks importlib.metadata.  The same sources give
the same bytes; what is packed has the time SOURCE_DATE_EPOCH, or that of old zip files.
CFLAGS, CPPFLAGS and LDFLAGS come after ours.
"""
import base64
import glob
import gzip
import hashlib
import io
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import zipfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
SOURCES = (".c", ".h", ".map", ".md", ".py", ".pyi", ".pth", ".toml")
OLDEST = (3, 10)  # of the limited API that module.c is written to


def _read(*names):
    with open(os.path.join(TOP, *names), "rb") as file:
        return file.read()


VERSION = re.search(r"^VERSION *:= *(\S+)", _read("Makefile").decode(), re.M).group(1)
NAME = "epcache-" + VERSION
INFO = NAME + ".dist-info"

METADATA = """\
Metadata-Version: 2.1
Name: epcache
Version: {version}
Summary: Entry points of installed distributions, from a cache checked before use
License: LGPL-2.1-or-later
Keywords: entry points,plugins,importlib.metadata
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Requires-Python: >=3.8
License-File: LICENSE
Description-Content-Type: text/markdown

{description}"""

# --- the extension --------------------------------------------------------------------


def _may_have_extension():
    return (sys.platform == "linux" and sys.implementation.name == "cpython"
            and sys.version_info >= OLDEST and "t" not in sys.abiflags)


def _flags(name):
    return shlex.split(os.environ.get(name, ""))


def _command(target):
    lib = os.path.join(TOP, "core", "lib")
    return [
        *shlex.split(os.environ.get("CC") or "cc"),
        "-std=c11", "-D_GNU_SOURCE", "-D_FILE_OFFSET_BITS=64", f'-DVERSION="{VERSION}"',
        "-I" + lib, "-I" + sysconfig.get_path("include"),
        "-O2", "-fPIC", "-shared", "-fvisibility=hidden", "-fstack-protector-strong",
        "-fno-strict-overflow", "-fno-delete-null-pointer-checks",
        f"-ffile-prefix-map={TOP}=.",
        *_flags("CPPFLAGS"), *_flags("CFLAGS"),
        "-Wl,--version-script," + os.path.join(HERE, "module.map"),
        "-Wl,-z,relro,-z,now", "-Wl,--build-id=none",
        "-o", target, *sorted(glob.glob(os.path.join(HERE, "*.c"))),
        *sorted(glob.glob(os.path.join(lib, "*.c"))), *_flags("LDFLAGS"),
    ]


def compile_extension(target):
    """Make the extension, with what CC, CPPFLAGS, CFLAGS and LDFLAGS say, and try it."""
    subprocess.run(_command(target), check=True)
    subprocess.run([sys.executable, "-ISc", "import sys; sys.path.insert(0, sys.argv[1])\n"
                    "import _epcache", os.path.dirname(target)], check=True)


def _extension():
    """The bytes of the extension, or None where there cannot be one."""
    if not _may_have_extension():
        return None
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "_epcache.abi3.so")
        try:
            compile_extension(target)
        except (OSError, subprocess.CalledProcessError) as why:
            print(f"epcache: no extension: {why}\nepcache: the package is pure Python and "
                  "asks importlib.metadata; the extension takes a C compiler, the headers "
                  "of Python and xxhash.h", file=sys.stderr)
            return None
        with open(target, "rb") as file:
            return file.read()


# --- wheels ---------------------------------------------------------------------------


def _tag(has_extension):
    if not has_extension:
        return "py3-none-any"
    return "cp310-abi3-" + re.sub(r"[-.]", "_", sysconfig.get_platform())


def _package():
    """The files of the package itself: (name in a wheel, bytes)."""
    folder = os.path.join(HERE, "epcache")
    for name in sorted(os.listdir(folder)):
        if name == "py.typed" or name.endswith((".py", ".pyi", ".pth")):
            yield "epcache/" + name, _read("core", "python", "epcache", name)


def _metadata():
    text = METADATA.format(version=VERSION, description=_read("core/python/README.md").decode())
    return text.encode()


def _infos(tag):
    yield INFO + "/LICENSE", _read("LICENSE")
    yield INFO + "/METADATA", _metadata()
    pure = "true" if tag == _tag(False) else "false"
    yield INFO + "/WHEEL", (f"Wheel-Version: 1.0\nGenerator: epcache {VERSION}\n"
                            f"Root-Is-Purelib: {pure}\nTag: {tag}\n").encode()


def _epoch():
    return max(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), 315532800)


def _zip(path, files):
    when = time.gmtime(_epoch())[:6]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files:
            info = zipfile.ZipInfo(name, when)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = (0o100755 if name.endswith(".so") else 0o100644) << 16
            archive.writestr(info, data)


def _record(files):
    lines = []
    for name, data in files:
        digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=")
        lines.append(f"{name},sha256={digest.decode()},{len(data)}\n")
    return "".join(lines + [INFO + "/RECORD,,\n"]).encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    extension = _extension()
    tag = _tag(extension is not None)
    files = [*_package()]
    if extension is not None:
        files.append(("epcache/_epcache.abi3.so", extension))
    files += _infos(tag)
    files.append((INFO + "/RECORD", _record(files)))
    name = f"{NAME}-{tag}.whl"
    _zip(os.path.join(wheel_directory, name), files)
    return name


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    # Whether there can be an extension is not known yet, and of no concern here.
    folder = os.path.join(metadata_directory, INFO)
    os.mkdir(folder)
    for name, data in _infos(_tag(False)):
        with open(os.path.join(metadata_directory, name), "wb") as file:
            file.write(data)
    return INFO


def write_metadata(folder):
    """For `make install`: METADATA into a folder."""
    with open(os.path.join(folder, "METADATA"), "wb") as file:
        file.write(_metadata())


# --- source archive -------------------------------------------------------------------


def _sources():
    """What the package is built from, as it lies in the tree."""
    yield from ("LICENSE", "Makefile", "pyproject.toml")
    for folder in ("core/lib", "core/python", "core/python/epcache"):
        for name in sorted(os.listdir(os.path.join(TOP, folder))):
            if name == "py.typed" or name.endswith(SOURCES):
                yield folder + "/" + name


def build_sdist(sdist_directory, config_settings=None):
    name = NAME + ".tar.gz"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        files = [("PKG-INFO", _metadata())]
        for path, data in files + [(path, _read(path)) for path in _sources()]:
            info = tarfile.TarInfo(NAME + "/" + path)
            info.size, info.mtime, info.mode = len(data), _epoch(), 0o644
            archive.addfile(info, io.BytesIO(data))
    with open(os.path.join(sdist_directory, name), "wb") as file:
        with gzip.GzipFile("", "wb", fileobj=file, mtime=_epoch()) as stream:
            stream.write(packed.getvalue())
    return name
