"""What examples/cluster starts: commands and options that exist, on machines that ssh reaches, Slurm and Kubernetes."""

import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
import typer
import yaml

from bench.cli import app

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples" / "cluster"
MANIFESTS = list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))
PODS = {
    f"{manifest['kind']} {manifest['metadata']['name']}": manifest["spec"]["template"]["spec"]
    for manifest in MANIFESTS
    if "template" in manifest.get("spec", {})
}


def options_of_dask(role: str, words: list[str]) -> dict:
    """The options of `dask worker` or `dask scheduler`; raises where one does not exist."""
    from distributed.cli import dask_scheduler, dask_worker

    command = {"scheduler": dask_scheduler, "worker": dask_worker}[role].main
    return command.make_context(role, list(words)).params


@pytest.mark.parametrize("name", PODS)
def test_commands_of_kubernetes_exist_and_find_what_they_name(name):
    (container,) = PODS[name]["containers"]
    program, *words = container["args"]
    settings = next(each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap")
    service = next(each for each in MANIFESTS if each["kind"] == "Service")
    address = f"tls://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    if program == "dask":
        options = options_of_dask(*[words[0], words[1:]])
        assert options["protocol"] == "tls"
        assert options["dashboard_address" if words[0] == "scheduler" else "scheduler"] in ("127.0.0.1:0", address)
        assert words[0] == "scheduler" or options["nanny"] is False  # it may have children
    else:
        assert (program, *words[:2]) == ("python", "-m", "bench")
        run = typer.main.get_command(app).commands[words[2]]
        assert run.make_context("run", words[3:]).params["scheduler"] == address
    mounted = {each["name"]: each["mountPath"] for each in container["volumeMounts"]}
    assert mounted.keys() == {each["name"] for each in PODS[name]["volumes"]}
    assert {str(Path(value).parent) for value in settings.values() if value.endswith(".pem")} == {mounted["tls"]}


def test_certificates_are_those_that_the_settings_name(tmp_path):
    script = ["sh", str(EXAMPLES / "certificates.sh"), str(tmp_path / "c")]
    exports = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    variables = dict(re.findall(r"(DASK\w+)='?([^' \n]+)", exports))
    settings = next(each["data"] for each in MANIFESTS if each["kind"] == "ConfigMap")
    assert {key: Path(value).name for key, value in variables.items()} == {
        key: Path(value).name for key, value in settings.items()
    }
    files = {path.name: path.stat() for path in (tmp_path / "c").iterdir()}
    assert files.keys() == {"ca.pem", "cert.pem", "key.pem"}
    assert {status.st_mode & 0o077 for status in files.values()} == {0}
    assert subprocess.run(script, capture_output=True, text=True, check=True).stdout == exports
    assert (tmp_path / "c" / "key.pem").stat().st_mtime == files["key.pem"].st_mtime


def test_the_script_of_slurm_parses_its_options(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["slurm.py", "--help"])
    with pytest.raises(SystemExit) as end:
        runpy.run_path(str(EXAMPLES / "slurm.py"), run_name="__main__")
    assert end.value.code == 0
    assert "--walltime" in capsys.readouterr().out
    options_of_dask("worker", ["tls://a:1", "--nthreads", "8", "--no-nanny", "--no-dashboard", "--protocol", "tls://"])


SSH = """#!/bin/sh
# in the place of ssh: the last argument is run here, whatever the host
for word; do command=$word; done
echo "$@" | tr '\\n' ' ' >> "$TMPDIR/hosts"; echo >> "$TMPDIR/hosts"
exec sh -c "$command"
"""


def lives(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def test_the_script_of_ssh_starts_workers_that_do_runs_and_ends_them(tmp_path):
    """With a stand-in for ssh, that does here what it would do there."""
    import distributed

    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh").write_text(SSH)
    (tmp_path / "bin" / "ssh").chmod(0o755)
    (tmp_path / "bin" / "dask").write_text(f'#!/bin/sh\nexec {sys.executable} -m dask "$@"\n')
    (tmp_path / "bin" / "dask").chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "PORT": str(port), "THREADS": "1"}
    env |= {"FOGBENCH": str(tmp_path), "TMPDIR": str(tmp_path), "DASK_LOGGING__DISTRIBUTED": "error"}
    script = ["sh", str(EXAMPLES / "ssh.sh"), "one", "two"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(script, env=env, stdout=log, stderr=log, start_new_session=True)
    try:
        with distributed.Client(f"tcp://127.0.0.1:{port}", timeout=60, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            assert client.submit(sum, [1, 2]).result() == 3
            workers = client.run(lambda: __import__("os").getpid())
        assert {address.rpartition(":")[0] for address in workers} == {"tcp://127.0.0.1"}
        hosts = (tmp_path / "hosts").read_text()
        assert f"-R 127.0.0.1:{port}:127.0.0.1:{port} -L 127.0.0.1:{port + 1}:127.0.0.1:{port + 1} one " in hosts
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        limit = time.monotonic() + 20
        while any(map(lives, workers.values())) and time.monotonic() < limit:
            time.sleep(0.05)
        assert not any(map(lives, workers.values()))
    finally:
        for each in psutil.process_iter(["pid", "cmdline"]):
            if str(port) in " ".join(each.info["cmdline"] or ()):
                each.kill()
        process.kill()
        process.wait()
