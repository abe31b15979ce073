"""Hostile readers: each is what a subverted parser might do. They run in the child only, by the launcher's `--reader`.

The first word of the specimen says which one. Probes answer in text what they got; the others do not come back.
"""

import ctypes
import os
import resource
import signal
import socket
import sys
import time

from gateway.domain.finding import Gap, GapReason, TextPart

SOCKET = 3
_LEFT: list[str] = []


def _tries(action):
    try:
        action()
    except OSError as error:
        return f"refused {error.errno}"
    return "allowed"


def _libc(name, *arguments):
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def _connected(kind):
    with socket.socket(socket.AF_INET, kind) as door:
        door.connect(("127.0.0.1", 9))


PROBES = {
    "tcp": lambda: _connected(socket.SOCK_STREAM),
    "udp": lambda: _connected(socket.SOCK_DGRAM),
    "unix": lambda: socket.socket(socket.AF_UNIX),
    "socketpair": socket.socketpair,
    "fork": os.fork,
    "execve": lambda: os.execve("/bin/true", ["true"], {}),
    "read_passwd": lambda: os.open("/etc/passwd", os.O_RDONLY),
    "write_file": lambda: os.open("/tmp/sealgate-escape", os.O_WRONLY | os.O_CREAT, 0o600),
    "memory_file": lambda: os.memfd_create("x"),
    "parent_memory": lambda: os.open(f"/proc/{os.getppid()}/mem", os.O_RDONLY),
    "ptrace": lambda: _libc("ptrace", 16, os.getppid(), 0, 0),
    "read_other_process": lambda: _libc("process_vm_readv", os.getppid(), None, 0, None, 0, 0),
    "kill_parent": lambda: os.kill(os.getppid(), signal.SIGKILL),
    "kill_all": lambda: os.kill(-1, signal.SIGKILL),
    "unshare": lambda: _libc("unshare", 0x10000000),
    "mount": lambda: _libc("mount", b"none", b"/", b"tmpfs", 0, None),
    "dumpable": lambda: _libc("prctl", 4, 1, 0, 0, 0),
    "raise_limit": lambda: resource.prlimit(0, resource.RLIMIT_NOFILE, (64, 64)),
    "pipe": os.pipe,
    "duplicate": lambda: os.dup(SOCKET),
    "bpf": lambda: _libc("syscall", {"x86_64": 321}.get(os.uname().machine, 280), 0, 0, 0),
    "io_uring": lambda: _libc("syscall", 425, 1, 0),
    "keyctl": lambda: _libc("syscall", {"x86_64": 250}.get(os.uname().machine, 219), 0, 0, 0),
    "perf": lambda: _libc("syscall", {"x86_64": 298}.get(os.uname().machine, 241), 0, 0, 0, 0, 0),
    "userfault": lambda: _libc("syscall", {"x86_64": 323}.get(os.uname().machine, 282), 0),
    "clone3": lambda: _libc("syscall", 435, 0, 0),
    "pidfd": lambda: _libc("syscall", 434, os.getppid(), 0),
}


def _descriptors():
    there = []
    for number in range(1024):
        try:
            os.lseek(number, 0, os.SEEK_CUR)
        except OSError as error:
            if error.errno == 9:
                continue
        there.append(str(number))
    return ",".join(there)


def _circumstances():
    loaded = [name for name in sys.modules if name.startswith(("gateway.adapters.sql", "gateway.seal", "cryptography"))]
    return f"fds={_descriptors()} env={sorted(os.environ)} uid={os.getuid()} modules={loaded}"


def _write(data):
    while data:
        data = data[os.write(SOCKET, data) :]


def _flood():
    _write(b"T" + (1 << 30).to_bytes(4, "big"))
    while True:
        _write(b"x" * 65536)


def _many():
    while True:
        _write(b"G\x00\x00\x00\x15\x00\x0cattachment:1crashed")


def _spin():
    while True:
        pass


def _deaf_to_cpu_limit():
    signal.signal(signal.SIGXCPU, signal.SIG_IGN)
    _spin()


HARMS = {
    "memory": lambda: bytearray(4 << 30),
    "stack": lambda: ctypes.string_at(0),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "abort": os.abort,
    "exit": lambda: os._exit(0),
    "spin": _spin,
    "deaf": _deaf_to_cpu_limit,
    "sleep": lambda: time.sleep(3600),
    "flood": _flood,
    "many": _many,
    "garbage": lambda: _write(b"\xff" * 64),
    "not_utf8": lambda: _write(b"T\x00\x00\x00\x05\x00\x01\xff\xff\xff"),
    "other_part": lambda: _write(b"T\x00\x00\x00\x08\x00\x04bodytx"),
    "bad_reason": lambda: _write(b"G\x00\x00\x00\x10\x00\x0cattachment:1ok"),
    "hang_up": lambda: (os.close(SOCKET), time.sleep(3600)),
    "raise": lambda: 1 // 0,
    "system_exit": lambda: sys.exit(0),
}


def read(part, media_type, file_name, data, budget):
    order = data[:40].decode("ascii", "replace").split()[0] if data else ""
    if order in PROBES:
        return [TextPart(part, _tries(PROBES[order]))], []
    if order == "where":
        return [TextPart(part, _circumstances())], []
    if order in HARMS:
        HARMS[order]()
        time.sleep(3600)
    if order == "leave":
        seen = len(_LEFT)
        _LEFT.append(order)
        return [TextPart(part, f"{os.getpid()} {seen}")], []
    if order == "open":
        path = data.decode().split()[1]
        return [TextPart(part, _tries(lambda: os.open(path, os.O_RDWR)))], []
    if order == "silent":
        return [], []
    if order == "long":
        return [TextPart(part, "x" * 5_000_000)], []
    if order == "names":
        return [TextPart(f"{part}/{'n' * 20_000}", "x")], []
    if order == "gap":
        return [], [Gap(f"{part}/in\udce9ner", GapReason.ENCRYPTED)]
    if order == "surrogate":
        return [TextPart(part, "a\udce9\x00z")], []
    return [TextPart(part, f"{media_type}|{file_name}|{len(data)}|{data[-20:].decode('utf-8', 'replace')}")], []
