"""Each layer alone, in a process of its own: what it refuses, and that it reports its absence instead of failing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.adapters.inspector import seccomp
from gateway.adapters.inspector.sandbox import LAYERS, in_order

ROOT = str(Path(__file__).parents[2])


def in_a_process(code):
    script = f"import errno, os, resource, socket, sys\nfrom gateway.adapters.inspector import kernel, landlock, sandbox, seccomp\n{code}"
    environment = {"PYTHONPATH": ROOT, "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        [sys.executable, "-P", "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


REFUSED = """
def refused(action):
    try:
        action()
    except PermissionError:
        return "refused"
    except OSError as error:
        return errno.errorcode[error.errno]
    return "allowed"
"""


@pytest.mark.proves("box.launcher")
def test_landlock_alone_keeps_files_and_abstract_sockets_out():
    words = in_a_process(REFUSED + """
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
held = landlock.install()
print(held, refused(lambda: open("/etc/hostname")), refused(lambda: open("/tmp/x-of-sealgate", "w")),
      refused(lambda: os.listdir("/")), refused(lambda: os.unlink("/etc/hostname-of-nobody")))
""")  # fmt: skip
    if words[0] == "False":
        pytest.skip("this kernel has no Landlock")
    assert words[1:4] == ["refused"] * 3
    assert words[4] in {"refused", "ENOENT"}


@pytest.mark.proves("box.launcher", "box.hostile-child")
def test_seccomp_alone_refuses_sockets_and_processes():
    words = in_a_process(REFUSED + """
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
held = seccomp.install()
print(held, refused(socket.socket), refused(os.fork), refused(lambda: os.execv("/bin/true", ["true"])),
      refused(lambda: os.open("/etc/hostname", os.O_RDONLY)), refused(lambda: os.kill(os.getpid(), 0)))
sys.stdout.flush()
os._exit(0)
""")  # fmt: skip
    if words[0] == "False":
        pytest.skip("this kernel or machine has no seccomp filter of ours")
    assert words[1:] == ["refused"] * 4 + ["allowed"]


@pytest.mark.proves("box.launcher", "box.hostile-child")
def test_the_network_namespace_is_empty():
    words = in_a_process("""
listener = socket.create_server(("127.0.0.1", 0))
layers = sandbox.isolate()
attempt = socket.socket()
attempt.settimeout(2)
print("netns" in layers, attempt.connect_ex(listener.getsockname()), os.getuid(), *layers)
""")
    if words[0] == "False":
        pytest.skip("this kernel or its settings give no network namespace")
    assert words[1] != "0"
    assert words[2] != "0" or "unprivileged" not in words


def test_missing_kernel_features_are_reported_absent():
    words = in_a_process("""
def no(*_):
    raise OSError(errno.ENOSYS, "not here")
def no_landlock(number, *rest, real=kernel.syscall):
    return no() if number in (444, 446) else real(number, *rest)
real = kernel.prctl
kernel.unshare = no
kernel.syscall = no_landlock
kernel.prctl = lambda option, *rest: no() if option == kernel.PR_SET_SECCOMP else real(option, *rest)
from gateway.adapters.inspector.limits import BoxLimits
print(*sandbox.in_order(sandbox.isolate() | sandbox.confine(BoxLimits(), os.getppid())))
""")
    assert words[:3] == ["rlimits", "no_new_privs", "not_dumpable"]
    assert words[3:] in (["unprivileged"], [])  # a container may have no `nobody`


def test_an_unknown_machine_has_no_seccomp_layer(monkeypatch):
    monkeypatch.setattr("gateway.adapters.inspector.kernel.machine", lambda: "riscv64")
    assert seccomp.install() is False


@pytest.mark.proves("box.not-dumpable")
def test_a_key_holding_process_is_not_dumpable():
    words = in_a_process("""
before = kernel.prctl(kernel.PR_GET_DUMPABLE)
sandbox.protect_this_process()
print(before, kernel.prctl(kernel.PR_GET_DUMPABLE), *resource.getrlimit(resource.RLIMIT_CORE))
""")
    assert words == ["1", "0", "0", "0"]


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_filter_decides_as_the_lists_say(machine):
    """A small interpreter of the filter: every number up to 600, on the right machine and on a wrong one."""
    column = 0 if machine == "x86_64" else 1
    allowed = {numbers[column] for numbers in seccomp.ALLOWED.values()}
    itself = {numbers[column] for numbers in seccomp.TO_ITSELF.values()}
    program = seccomp.assemble(machine, 77)
    arch = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

    def verdict(number, *, on=machine, first=0):
        words, at, loaded = {0: number, 4: arch[on], 16: first}, 0, 0
        while True:
            code, yes, no, operand = program[at]
            if code == 0x06:
                return operand
            if code == 0x20:
                loaded = words[operand]
            else:
                at += yes if (loaded == operand if code == 0x15 else loaded >= operand) else no
            at += 1

    for number in range(600):
        assert (verdict(number) == 0x7FFF0000) == (number in allowed), number
        assert (verdict(number, first=77) == 0x7FFF0000) == (number in allowed | itself), number
    other = "aarch64" if machine == "x86_64" else "x86_64"
    assert verdict(0, on=other) == verdict(63, on=other) == 0x80000000
    if machine == "x86_64":
        assert verdict(0x40000000) == 0x80000000


def test_order_of_layers_is_fixed():
    assert in_order(frozenset(LAYERS)) == LAYERS
    assert in_order(frozenset({"seccomp", "invented"})) == ("seccomp",)
