"""Runs on the workers of a cluster: the same records, each once, whatever happens to workers and coordinator."""

import os
import pickle
import platform
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from bench.core import registry
from bench.core.registry.imports import SEARCHED
from bench.results.stored import Results
from bench.runner import cluster, worker
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch, Watcher
from bench.runner.plan import Job, plan
from bench.runner.single import RunRecord
from bench.runner.sources import Sources
from bench.runner.store import COLUMNS, Store
from bench.runner.suite import make_suite

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "cluster"
TIMES = {"inside", "outside", "written", "trajectory", "trajectory_bytes", "peak_memory"}
WAITING = 60  # seconds for what takes some on a busy machine


def run(folder, optimizers, scheduler="local", problems=("rosenbrock",), launch=None, **options):
    options = {"budget": 60, "name": folder.name, "seeds": 4, **options}
    how = Launch(scheduler=scheduler, **{"pictures": False, "preload": (), **(launch or {})})
    how.load()
    until = options.pop("until", "")
    suite = replace(make_suite(list(problems), list(optimizers), **options), until=until)
    run_suite(suite, folder, how)
    return Results(folder)


def records(folder) -> tuple[list, bytes]:
    """All that is the same, whoever did the runs."""
    rows = [{key: row[key] for key in COLUMNS if key not in TIMES} for row, _ in Store(folder).rows()]
    rows.sort(key=lambda row: row["hash"])
    events = Results(folder).trajectories.drop(columns=["inside", "outside"])
    return rows, events.to_numpy().tobytes()


def wait_until(holds, seconds=WAITING) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.05)


class Machines:
    """A scheduler and workers in processes of their own, with certificates, that know nothing of these tests."""

    def __init__(self, folder: Path):
        script = ["sh", str(EXAMPLES / "certificates.sh"), str(folder / "certificates")]
        exports = subprocess.run(script, capture_output=True, text=True, check=True).stdout
        self.certificates = dict(re.findall(r"(DASK\w+)='?([^' \n]+)", exports))
        self.env = {**os.environ, **self.certificates, "PYTHONPATH": str(ROOT), "DASK_LOGGING__DISTRIBUTED": "error"}
        self.env |= {"DASK_DISTRIBUTED__WORKER__DAEMON": "False", "DASK_TEMPORARY_DIRECTORY": str(folder)}
        self.folder, self.processes = folder, []
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tls://127.0.0.1:{port}"
        self._start("scheduler", "--host", self.address, "--dashboard-address", "127.0.0.1:0")
        self.workers = [self.worker() for _ in range(2)]

    def _start(self, role, *options) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", role, *options]
        with (self.folder / "log").open("a") as log:
            self.processes.append(subprocess.Popen(command, cwd=self.folder, env=self.env, stdout=log, stderr=log))
        return self.processes[-1]

    def worker(self) -> subprocess.Popen:
        options = [
            "--host",
            "tls://127.0.0.1",
            "--nthreads",
            "1",
            "--no-nanny",
            "--no-dashboard",
            "--memory-limit",
            "0",
        ]
        return self._start("worker", self.address, *options)

    def tasks(self) -> int:
        """How many the scheduler knows of."""
        import distributed

        with distributed.Client(self.address, set_as_default=False) as client:
            return client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def stop(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory):
    import dask

    started = Machines(tmp_path_factory.mktemp("machines"))
    settings = {
        name.removeprefix("DASK_").lower().replace("__", ".").replace("ca_", "ca-"): value
        for name, value in started.certificates.items()
    }
    try:
        with dask.config.set({name.replace("require_", "require-"): value for name, value in settings.items()}):
            yield started
    finally:
        started.stop()


def methods_in(folder: Path, step: float) -> str:
    """A module of a user's, and one beside it that it imports, by names that ours have too; the log of its runs is at
    `folder / log`."""
    (folder / "problems.py").write_text(f"STEP = {step}\n")
    path = folder / "optimizers.py"
    path.write_text(
        "import os, time\nfrom pathlib import Path\nimport bench\nfrom problems import STEP\n"
        "@bench.optimizer(order=0, source='me 2026')\n"
        "def user_walk(oracle, *, seconds: float = 0.0):\n"
        f"    with open({str(folder / 'log')!r}, 'a') as log:\n"
        "        log.write(f'{os.getpid()} {oracle.value(oracle.x0)!r}\\n')\n"
        "    time.sleep(seconds)\n"
        "    while True:\n"
        "        oracle.value(oracle.x0 + STEP)\n"
    )
    return str(path)


@pytest.fixture
def users(tmp_path):
    """A folder of the user's, and none of its modules are there for the tests that follow."""
    before = [*sys.path]
    yield tmp_path
    sys.path[:] = before
    registry.OPTIMIZERS.pop("user-walk", None)
    for name in ("optimizers", "problems"):
        sys.modules.pop(name, None)
    registry.fingerprint.cache_clear()


def test_records_are_those_of_one_process(tmp_path, odd):
    names = ["odd-walk", "odd-descent", "odd-killed", "scipy-bfgs"]
    launch = {"workers": 2, "imports": [odd], "preload": ("scipy.optimize", "torch")}
    results = run(tmp_path / "t", names, problems=["odd-bowl"], launch=launch)
    run(tmp_path / "u" / "t", names, "", problems=["odd-bowl"], launch=launch)
    assert len(results.runs) == 4 * 4
    assert set(results.runs.status) == {"killed", "budget", "target"}
    assert records(tmp_path / "t") == records(tmp_path / "u" / "t")
    assert results.manifest["environment"]["cluster"] == "1 worker with 2 threads on 1 machine"


def test_modules_of_the_user_travel_to_workers_that_have_certificates(users, machines):
    launch = {"imports": [methods_in(users, 0.5)]}
    runs = run(users / "t", ["user-walk", "particle-swarm"], machines.address, launch=launch).runs
    assert set(runs.status) == {"budget"}
    run(users / "u" / "t", ["user-walk", "particle-swarm"], "", launch=launch)
    assert records(users / "t") == records(users / "u" / "t")


def test_a_module_is_checked_where_it_is_written(users):
    methods_in(users, 0.5)
    launch = Launch(imports=[str(users / "optimizers.py")])
    launch.load()
    sources = Sources.of(launch.imports)
    assert sorted(sources.files) == ["optimizers.py", "problems.py"]
    place, _ = sources.write(users / "there")
    folder = place.removeprefix(SEARCHED)
    assert (Path(folder) / "problems.py").read_text() == "STEP = 0.5\n"
    (Path(folder) / "problems.py").write_text("STEP = 9\n")
    assert sources.write(users / "there") == (place, "optimizers")
    assert (Path(folder) / "problems.py").read_text() == "STEP = 0.5\n"
    sent = replace(sources, files={**sources.files, "problems.py": b"STEP = 9\n"})
    with pytest.raises(ValueError, match=r"the file problems.py of the modules optimizers is not what was sent"):
        sent.write(users / "elsewhere")


def test_a_package_travels_with_all_its_files(tmp_path, monkeypatch):
    (tmp_path / "user_package" / "data").mkdir(parents=True)
    (tmp_path / "user_package" / "__init__.py").write_text("")
    (tmp_path / "user_package" / "data" / "table.csv").write_text("1,2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    Launch(imports=["user_package"]).load()
    sources = Sources.of(["user_package", "torch"])
    assert {*sources.files} >= {"user_package/__init__.py", "user_package/data/table.csv"}
    assert not any("torch" in path for path in sources.files) and sources.packages == ("torch",)
    monkeypatch.setattr("bench.runner.sources.MOST", 2)
    with pytest.raises(ValueError, match=r"the modules user_package have 0 MB of files, of which at most 0 travel"):
        Sources.of(["user_package"])


def logged(folder: Path) -> list[tuple[int, float]]:
    """Of each run that `user_walk` began: its process, and the value at its start."""
    text = (folder / "log").read_text() if (folder / "log").exists() else ""
    return [(int(line.split()[0]), float(line.split()[1])) for line in text.splitlines()]


def test_the_jobs_of_a_lost_worker_are_done_by_others_and_what_is_stored_is_not_done_again(users, machines):
    launch = {"imports": [methods_in(users, 0.5)]}
    machines.workers.append(machines.worker())
    stored, lost = [], []

    class Killer(Watcher):
        """Kills a worker that is at a run, once there are records."""

        def heard(self, messages):
            records = [record for _, record in messages if record]
            if lost or not records:
                return
            stored.extend(record.first for record in records)
            workers = {each.pid: each for each in machines.workers}
            for process, start in dict(logged(users)).items():  # its last run
                if start in stored:  # it waits
                    continue
                with suppress(psutil.NoSuchProcess):
                    lost.extend(each.pid for each in psutil.Process(process).parents() if each.pid in workers)
            if lost:
                workers[lost[0]].kill()

    launch["watcher"] = Killer()
    runs = run(users / "t", ["user-walk[seconds=0.3]"], machines.address, seeds=24, launch=launch).runs
    assert list(runs.status) == ["budget"] * 24
    starts = Counter(start for _, start in logged(users))
    again = {start for start, times in starts.items() if times > 1}
    assert lost and len(starts) == 24 and again and set(starts.values()) == {1, 2}
    assert not again.intersection(stored)
    del launch["watcher"]
    run(users / "u" / "t", ["user-walk[seconds=0.3]"], "", seeds=24, launch=launch)
    assert records(users / "t") == records(users / "u" / "t")


PROGRAM = """
from pathlib import Path
from bench.cli.stopping import stoppable
from bench.runner.campaign import run_suite
from bench.runner.launch import Launch
from bench.runner.suite import make_suite
launch = Launch(imports=["{file}"], scheduler="{scheduler}", preload=())
launch.load()
suite = make_suite(["rosenbrock"], ["user-walk[seconds=600]"], budget=9, name="t", seeds=9)
stoppable(lambda: run_suite(suite, Path("t"), launch))
"""


@pytest.mark.parametrize(("name", "status"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGKILL", -9)])
def test_when_the_command_ends_nothing_of_it_is_left_on_workers(users, machines, name, status):
    program = PROGRAM.format(file=methods_in(users, 0.5), scheduler=machines.address)
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=users,
        env=machines.env,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_until(lambda: process.poll() is not None or logged(users))
    process.send_signal(getattr(signal, name))
    output, _ = process.communicate(timeout=WAITING)
    assert process.returncode == status, output
    assert output == ""
    wait_until(lambda: not any(map(psutil.pid_exists, [pid for pid, _ in logged(users)])), 1 if status > 0 else WAITING)
    wait_until(lambda: not machines.tasks())
    assert len(logged(users)) <= 3


def test_the_time_of_all_runs_and_patience_hold_on_workers(tmp_path, odd):
    launch = {"workers": 1, "imports": [odd], "end": time.monotonic() + 4, "grace": 5.0}
    runs = run(tmp_path / "t", ["odd-walk"], problems=["odd-slow"], seeds=3, budget=1e4, launch=launch).runs
    assert list(runs.status) == ["cut", "unbegun", "unbegun"]
    launch = {"workers": 1, "imports": [odd], "patience": 0.3}
    (run_,) = run(tmp_path / "u", ["odd-thinker"], problems=["odd-bowl"], seeds=1, launch=launch).runs.itertuples()
    assert run_.status == "killed" and "asked nothing for 0.3 s" in run_.error


def test_races_are_run_as_without_a_cluster(tmp_path):
    from bench.measure.racing import race

    names, options = ["scipy-bfgs", "random-search"], {"seeds": 12, "until": "significant", "launch": {"referee": race}}
    statuses = [
        run(tmp_path / f"{n}" / "t", names, scheduler, **options).runs.status.tolist()
        for n, scheduler in enumerate(["local", ""])
    ]
    assert statuses[0] == statuses[1]
    assert "left" in statuses[0]


SCRIPT = """
import bench
@bench.optimizer(order=0, source="me 2026")
def script_walk(oracle):
    while True:
        oracle.value(oracle.x0)
"""


def test_what_a_script_defines_travels(tmp_path):
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(SCRIPT, names)
    try:
        runs = run(tmp_path / "t", ["script-walk"], seeds=2).runs
    finally:
        del registry.OPTIMIZERS["script-walk"]
    assert list(runs.status) == ["budget"] * 2


def test_runs_for_a_gpu_are_refused_where_no_worker_offers_one(tmp_path):
    message = r"no worker at tcp://127.0.0.1:\d+ offers a GPU: start those that have one with --resources \"GPU=1\""
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "t", ["torch-sgd"], problems=["mlp"], launch={"device": "cuda"})
    assert not (tmp_path / "t").exists()


def test_jobs_for_a_gpu_go_to_workers_that_offer_one(odd, monkeypatch):
    sent = []

    def send(function, packed, key, resources, **how):
        sent.append((len(packed), resources))
        return [SimpleNamespace(add_done_callback=lambda callback: None) for _ in packed]

    def information(n_workers):
        return {"total_threads": len(offers), "workers": offers}

    client = SimpleNamespace(map=send, scheduler_info=information, status="running")
    offers = {"tcp://a:1": {"resources": {"GPU": 1.0}}, "tcp://a:2": {"resources": {}}}
    watcher = Sentences()
    workers = cluster.Cluster(client, "tcp://a:0", Launch(watcher=watcher))
    assert [workers.device(device) for device in ("auto", "cpu", "cuda")] == ["cuda", "cpu", "cuda"]
    jobs = single_jobs("odd-walk", 3)
    jobs[0] = Job((replace(jobs[0].specs[0], device="cuda"),), False)
    cluster._Flight(workers, jobs, Launch(), Sentences()).send()
    assert sent == [(2, None), (1, {"GPU": 1})]
    offers.clear()
    monkeypatch.setattr(cluster, "REFRESH", 0.0)
    assert workers.threads() == 0
    assert watcher.sentences == ["No worker is left at tcp://a:0: waiting for another."]


@pytest.mark.parametrize(
    ("scheduler", "message"),
    [
        ("tcp://127.0.0.1:9", r"no scheduler of Dask answers at tcp://127.0.0.1:9: "),
        ("tls://127.0.0.1:9", r"no scheduler of Dask answers at tls://127.0.0.1:9: "),
        ("tcp://nowhere.invalid:9", r"no scheduler of Dask answers at tcp://nowhere.invalid:9: "),
        (
            "127.0.0.1:8786",
            r"scheduler must be local, tcp://HOST:PORT or, with certificates, tls://HOST:PORT, got '127",
        ),
        ("tcp://8786", r"scheduler must be local, tcp://HOST:PORT"),
        ("slurm", r"scheduler must be local, tcp://HOST:PORT"),
    ],
)
def test_a_scheduler_that_is_not_there_is_said_in_a_sentence(tmp_path, monkeypatch, scheduler, message):
    monkeypatch.setattr(cluster, "CONNECT", 0.5)
    with pytest.raises(ValueError, match=message) as error:
        run(tmp_path / "t", ["scipy-bfgs"], scheduler)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "t").exists()


def test_who_has_no_certificate_is_not_let_in(tmp_path, machines, monkeypatch):
    import dask

    monkeypatch.setattr(cluster, "CONNECT", 1.0)
    with pytest.raises(ValueError, match="no scheduler of Dask answers at tcp://"):
        run(tmp_path / "t", ["scipy-bfgs"], machines.address.replace("tls", "tcp"))
    without = dask.config.set({"distributed.comm.tls.client.cert": None, "distributed.comm.tls.client.key": None})
    with without, pytest.raises(ValueError, match="no scheduler of Dask answers at tls://"):
        run(tmp_path / "t", ["scipy-bfgs"], machines.address)


def test_the_extra_is_named_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ValueError, match=r"--scheduler needs distributed, which is not installed: .*\[cluster\]"):
        run(tmp_path / "t", ["scipy-bfgs"])


def test_workers_that_differ_are_refused_by_name(tmp_path, monkeypatch):
    there, changes = cluster.facts, {"numpy": "9.9", "code of problems": "0"}

    def here(*names):  # of the coordinator alone
        return there(*names) | (changes if threading.current_thread() is threading.main_thread() else {})

    monkeypatch.setattr(cluster, "facts", here)
    message = r"the worker at \S+ does not fit: it has numpy \S+ \(here 9.9\); other code in problems$"
    with pytest.raises(ValueError, match=message):
        run(tmp_path / "t", ["scipy-bfgs"])
    changes["python"] = "4.0"
    with pytest.raises(ValueError, match=r"the scheduler at \S+ does not fit: it has python \S+ \(here 4.0\)$"):
        run(tmp_path / "t", ["scipy-bfgs"])
    assert not (tmp_path / "t").exists()


def test_workers_that_round_otherwise_are_named_once_and_used(odd, tmp_path, monkeypatch):
    there = cluster.kernels()
    assert there.keys() >= {"processor", "openblas of numpy", "openblas of scipy"}
    watcher = Sentences()
    monkeypatch.setattr(cluster, "kernels", lambda: there | {"openblas of scipy": "Fog"})
    launch = Launch(workers=1, scheduler="local", imports=[odd], watcher=watcher, pictures=False, preload=())
    campaign = run_suite(make_suite(["odd-bowl"], ["odd-walk"], budget=5, name="t", seeds=2), tmp_path / "t", launch)
    assert campaign.added == 2
    (sentence,) = [sentence for sentence in watcher.sentences if "rounded" in sentence]
    assert re.fullmatch(
        rf"The worker at \S+ has openblas of scipy {there['openblas of scipy']} \(here Fog\): what it computes may be "
        "rounded otherwise than here.",
        sentence,
    )


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the names are those of other processors")
def test_kernels_are_those_that_the_environment_names():
    """With them a product differs in its last bits, and whatever is chaotic in all of them."""
    code = "from bench.runner.alike import kernels; print(kernels()['openblas of numpy'])"
    for name in ("Haswell", "Nehalem"):
        environment = {**os.environ, "OPENBLAS_CORETYPE": name}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
        assert done.stdout.strip() == name, done.stderr


class Sentences(Watcher):
    """Keeps what is said."""

    def __init__(self):
        self.sentences, self.records, self.begun = [], [], []

    def changed(self, sentence):
        self.sentences.append(sentence)

    def began(self, spec):
        self.begun.append(spec)

    def ended(self, record):
        self.records.append(record)


def single_jobs(optimizer, seeds, problem="rosenbrock", budget=5) -> list[Job]:
    specs = plan(make_suite([problem], [optimizer], budget=budget, name="t", seeds=seeds))
    return [Job((spec,), False) for spec in specs]


def test_a_worker_that_comes_later_and_differs_is_sent_away(odd, monkeypatch):
    import distributed

    watcher = Sentences()
    launch = Launch(workers=1, scheduler="local", imports=[odd], watcher=watcher)
    with cluster.connected(launch) as workers:
        workers.check([], launch.imports)
        workers.execute(single_jobs("odd-walk", 1), launch, watcher)
        here = worker.facts
        monkeypatch.setattr(worker, "facts", lambda *names: {**here(*names), "numpy": "9.9"})

        async def come():
            return await distributed.Worker(workers.address, nthreads=1, security=workers.client.security)

        late = workers.client.sync(come)
        monkeypatch.setattr(worker, "facts", here)
        workers.execute(single_jobs("odd-walk", 4), launch, watcher)
        wait_until(lambda: late.status.name == "closed")
    assert [record.status for record in watcher.records] == ["budget"] * 5
    (sentence,) = watcher.sentences
    assert sentence.startswith(f"the worker at {late.address} does not fit: it has numpy 9.9 (here ")
    assert sentence.endswith(": it is closed")


def test_few_jobs_are_in_flight_and_long_runs_are_announced(odd, monkeypatch):
    watcher, sent = Sentences(), []
    fly = cluster._Flight.send
    monkeypatch.setattr(cluster._Flight, "send", lambda flight: [fly(flight), sent.append(len(flight.sent))])
    monkeypatch.setattr(worker, "TOLD", 0.1)
    with cluster.connected(Launch(scheduler="local", imports=[odd], watcher=watcher)) as workers:
        threads = workers.processes
        launch = Launch(imports=[odd])
        workers.check([], launch.imports)
        workers.execute(single_jobs("odd-walk", 20), launch, watcher)
        assert len(watcher.records) == 20 and max(sent) <= cluster.AHEAD * threads
        (job,) = single_jobs("odd-walk", 1, "odd-slow", 30)
        begun = len(watcher.begun)
        workers.execute([job], launch, watcher)
        assert watcher.begun[begun:] == [job.specs[0]] * 2  # when it was announced, and with its record
        wait_until(lambda: not workers.client.futures)


def test_a_run_that_takes_every_worker_down_is_a_row(odd):
    import distributed

    watcher, jobs = Sentences(), single_jobs("odd-walk", 2)
    error = distributed.KilledWorker("task", SimpleNamespace(address="tcp://a:1"), 3)
    future = SimpleNamespace(status="error", key="t-7", exception=lambda: error)
    flight = cluster._Flight(SimpleNamespace(client=None, numbers=count()), [], Launch(), watcher)
    flight.sent[7] = (Job((*jobs[0].specs, *jobs[1].specs), False), future)
    flight.fail(future)
    assert [job.specs for *_, job in flight.waiting] == [jobs[0].specs, jobs[1].specs] and not watcher.records
    flight.sent[7] = (jobs[0], future)
    flight.fail(future)
    (record,) = watcher.records
    assert (record.status, record.error) == (
        "killed",
        "4 workers were lost, one after the other, while each was at this run",
    )


def test_a_run_that_is_lost_on_a_worker_has_what_is_known_of_it_here(odd):
    """The worker itself does not know what the caller defines: a report of such rows was none."""
    (job,) = single_jobs("odd-walk", 1, "odd-bowl")
    sent = pickle.loads(pickle.dumps(job.specs[0]))
    lost = RunRecord(sent, "killed", "the process of the run ended", dim=sent.dim)
    flight = cluster._Flight(SimpleNamespace(client=None, numbers=count()), [], Launch(workers=1), Watcher())
    flight.sent[7] = (job, None)
    begun, (_, record) = flight.take(7, pickle.dumps(([(sent, None), (sent, lost)], [], 1.0, "")))
    assert begun == (sent, None)
    assert (record.family, record.order, record.status, record.error) == ("odd", 0, "killed", lost.error)


def test_a_local_cluster_is_reached_from_this_machine_alone(odd):
    before = {each.laddr for each in psutil.Process().net_connections() if each.status == "LISTEN"}
    with cluster.connected(Launch(workers=1, scheduler="local")):
        listening = {each.laddr for each in psutil.Process().net_connections() if each.status == "LISTEN"} - before
    assert listening and {address.ip for address in listening} == {"127.0.0.1"}


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of a socket that Dask leaves open
def test_a_scheduler_that_goes_away_is_said(users, machines):
    """The last test of these machines."""
    launch = {"imports": [methods_in(users, 0.5)], "watcher": Sentences()}
    threading.Thread(target=lambda: [wait_until(lambda: logged(users)), machines.processes[0].kill()]).start()
    with pytest.raises(
        ConnectionError, match=r"the scheduler at tls://\S+ is gone: what was done is stored, and the same"
    ):
        run(users / "t", ["user-walk[seconds=600]"], machines.address, launch=launch)
    wait_until(lambda: not any(map(psutil.pid_exists, [pid for pid, _ in logged(users)])))
