"""What the harness does for each run, counted and not timed: processes, commits, hashes, imports."""

import subprocess
import sys
import threading
import time
from dataclasses import replace
from queue import SimpleQueue
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from bench.core import registry
from bench.runner import execute, launch, plan
from bench.runner.campaign import run_suite
from bench.runner.channel import Garbled, Receiver, Sender
from bench.runner.execute import Queue, tell
from bench.runner.launch import Launch, Watcher, needed
from bench.runner.plan import Job, RunSpec
from bench.runner.store import Store
from bench.runner.suite import make_suite

HEAVY = {"torch", "scipy", "pandas", "sklearn", "pyarrow", "matplotlib", "nevergrad"}


@pytest.fixture
def counted(monkeypatch):
    """How often each of these is called in this process, by name."""
    calls: dict[str, int] = {}

    def count(holder, name):
        function = getattr(holder, name)

        def counting(*arguments, **options):
            calls[name] = calls.get(name, 0) + 1
            return function(*arguments, **options)

        monkeypatch.setattr(holder, name, counting)

    for holder, name in (
        (execute, "start"), (Store, "transaction"), (RunSpec, "key"), (RunSpec, "batch"), (plan.hashlib, "sha256"),
    ):  # fmt: skip
        count(holder, name)
    return calls


def test_tiny_runs_share_processes_and_commits(tmp_path, counted):
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=1, name="t", seeds=2000)
    launch = Launch(workers=2, imports=["odd_methods"], preload=(), pictures=False)
    began = time.monotonic()
    campaign = run_suite(suite, tmp_path / "t", launch)
    seconds = time.monotonic() - began
    assert campaign.added == 2000 and set(campaign.statuses) == {"budget"}
    assert 2 <= counted["start"] <= 16  # a process takes as many as it has the time for
    assert counted["transaction"] <= seconds / execute.APART + 10
    assert counted["key"] <= 2 * 2000  # for the hash, and to be stored
    counted.clear()
    again = run_suite(suite, tmp_path / "t", launch)
    assert (again.there, again.added) == (2000, 0)
    assert counted["key"] == 2000
    assert {"start", "batch"}.isdisjoint(counted)
    assert counted["transaction"] == 1  # the code of what is planned


def test_records_are_stored_before_anyone_hears_of_them_and_once(tmp_path):
    folder = tmp_path / "t"

    class Listener(Watcher):
        ends = 0

        def ended(self, record):
            self.ends += 1
            with Store(folder)._db as db:
                assert db.execute("SELECT status FROM runs WHERE hash = ?", (record.spec.hash(),)).fetchone()

    watcher = Listener()
    suite = make_suite(["odd-bowl"], ["odd-walk"], budget=2, name="t", seeds=9)
    run_suite(suite, folder, Launch(workers=2, imports=["odd_methods"], preload=(), watcher=watcher, pictures=False))
    assert watcher.ends == 9


def test_what_is_heard_goes_on_in_groups_and_to_the_last():
    groups, over = [], threading.Event()

    class Listener(Watcher):
        def heard(self, messages):
            groups.append(list(messages))

    heard = SimpleQueue()
    for message in ("a", "b", "c", "d", None):
        heard.put(message)
    over.set()
    tell(heard, over, Listener())
    assert groups == [["a", "b", "c", "d"]]

    class Interrupted(Watcher):
        def heard(self, messages):
            groups.append(list(messages))
            if len(groups) == 1:
                heard.put("later")
                raise KeyboardInterrupt

    groups.clear()
    heard.put("first")
    with pytest.raises(KeyboardInterrupt):
        tell(heard, threading.Event(), Interrupted())
    assert groups[-1] == ["first", "later"]  # what was heard is not lost


def test_nothing_to_do_is_waited_for_by_nobody():
    done = threading.Thread(target=execute.execute, args=([], Launch(preload=()), Watcher()), daemon=True)
    done.start()
    done.join(30)
    assert not done.is_alive()


def test_groups_are_apart_but_the_last_waits_for_nothing(monkeypatch):
    monkeypatch.setattr(execute, "APART", 60.0)
    heard, over, groups = SimpleQueue(), threading.Event(), []

    class Listener(Watcher):
        def heard(self, messages):
            groups.append(list(messages))

    def work():
        heard.put("first")
        while not groups:
            time.sleep(0.001)
        for message in ("second", "third"):
            heard.put(message)
            time.sleep(0.05)
        over.set()
        heard.put(None)

    worker = threading.Thread(target=work)
    worker.start()
    tell(heard, over, Listener())  # within the limit of a test
    worker.join()
    assert groups == [["first"], ["second", "third"]]


@pytest.mark.parametrize("more", [True, False])
def test_the_next_job_does_not_wait_for_the_end_of_a_process_and_the_last_does(monkeypatch, more):
    ends, over = threading.Event(), []

    def end(process):
        assert ends.wait(60)
        over.append(process)

    class Pipe:
        def close(self):
            pass

    monkeypatch.setattr(execute, "end", end)
    children = execute.Children(Launch(), lambda optimizer: more)
    child: Any = execute.Child("a process", Pipe(), Pipe())  # pyright: ignore[reportArgumentType]
    if more:
        children.release(child)
        assert over == []
    else:
        threading.Timer(0.2, ends.set).start()
        children.release(child)
        assert over == ["a process"]
    ends.set()
    children.close()
    assert over == ["a process"]


def specs_of(seeds):
    launch = Launch(imports=["odd_methods"])
    launch.load()
    return tuple(plan.plan(make_suite(["odd-bowl"], ["odd-walk"], budget=2, name="t", seeds=seeds)))


def test_what_is_given_back_goes_on_in_jobs_as_large_as_there_is_time_for():
    specs = specs_of(100)
    queue = Queue([Job(specs, False)], workers=2)

    def sizes(rest, done, seconds):
        assert queue.take() is not None
        queue.put(specs[:rest], done, seconds)
        waiting = [len(job.specs) for *_, job in sorted(queue._waiting, key=lambda waits: waits[:2])]
        queue._waiting[:] = [(0, 0, Job(specs, False))]
        return waiting

    assert sizes(60, 40, 1.0) == [30, 30]  # one for each of two workers
    assert sizes(90, 10, 1.0) == [10] * 9
    assert sizes(90, 10, 5.0) == [10] * 9  # on a busy machine it had more time
    assert sizes(3, 1, 30.0) == [1] * 3
    assert sizes(90, 10, 0.25) == [40, 40, 10]
    assert sizes(2, 0, 0.0) == [1, 1]


def processes_of(folder, optimizers, dims, **group):
    """The processes that did the runs of each optimizer on bowls of these dimensions, in their order."""
    launch = Launch(workers=1, imports=["odd_methods"], preload=(), pictures=False)
    launch.load()
    suite = make_suite([f"odd-bowl[dim={dim}]" for dim in dims], optimizers, budget=9, name="t", seeds=1)
    suite = replace(suite, groups=tuple(replace(each, **group) for each in suite.groups))
    run_suite(suite, folder / "t", launch)
    rows = [row for row, _ in Store(folder / "t").rows()]
    return [[row["error"].split()[-1] for row in rows if row["optimizer"] == name] for name in optimizers]


def test_a_process_does_the_next_job_of_its_optimizer_and_of_no_other(tmp_path):
    first, second = processes_of(tmp_path, ["odd-pid", "odd-pid-too"], [1, 2, 3, 4])
    assert (len(first), len({*first})) == (len(second), len({*second})) == (4, 1)
    assert first[0].isdecimal() and first[0] != second[0]


def test_a_process_does_no_other_job_where_something_of_the_last_would_stay(tmp_path):
    [first, large, *rest], patched = processes_of(tmp_path, ["odd-pid", "odd-pid-patched"], [1, execute.LARGE, 3, 4])
    assert len({*patched}) == 4  # what it has changed cannot be given back
    assert first == large and len({*rest}) == 1 and rest[0] != large  # its data would count as memory of the next


def test_runs_that_are_timed_have_a_process_each(tmp_path):
    [processes] = processes_of(tmp_path, ["odd-pid"], [1, 2, 3], solo=True)
    assert len({*processes}) == 3


def test_what_waits_for_no_job_is_ended(monkeypatch):
    """Also where a process goes on that nobody needs, and beyond so many."""

    class Pipe:
        def close(self):
            pass

    def child(name) -> Any:
        return execute.Child(name, Pipe(), Pipe(), goes_on=True)  # pyright: ignore[reportArgumentType]

    ended: list[Any] = []
    monkeypatch.setattr(execute, "end", ended.append)
    monkeypatch.setattr(execute, "KEPT", 2)
    waiting = {"a", "b", "c", ""}
    children = execute.Children(Launch(), lambda optimizer: optimizer in waiting)
    for name in "abc":
        children.release(child(name), name)
    assert children.take("a").process == "a"
    waiting.remove("b")
    children.release(child("a"), "a")
    assert children.take("a").process == "a"
    children._clearing.shutdown()
    assert ended == ["c", "b"]


def test_a_process_finds_all_that_it_runs_where_it_comes_from(tmp_path):
    """What stands behind the last module of the server in `sys.modules` a child has imported itself."""
    suite = make_suite(["odd-bowl"], ["odd-imports"], budget=9, name="t", seeds=1)
    run_suite(suite, tmp_path / "t", Launch(workers=1, imports=["odd_methods"], preload=(), pictures=False))
    [(row, _)] = Store(tmp_path / "t").rows()
    names = row["error"].rstrip().rpartition("\n")[2].partition(": ")[2].split()
    assert row["status"] == "crashed" and "odd_methods" in names
    assert not [name for name in names if name.startswith("bench.")]


def test_of_libraries_a_server_has_what_the_suite_needs():
    Launch().load()
    found = registry.find_problem, registry.find_optimizer
    assert needed([found[0]("rosenbrock"), found[1]("random-search")]) == []
    assert needed([found[1]("scipy-nelder-mead")]) == ["scipy.optimize"]
    assert needed([found[1]("torch-adam"), found[0]("softmax")])[-1] == "torch._dynamo"
    assert "torch" in needed([found[1]("scipy-bfgs")])  # of a problem without a gradient in closed form


@pytest.mark.parametrize(
    ("text", "imported", "modules"),
    [
        ("import json\nimport numpy", "numpy", []),
        ("def walk(oracle):\n    import torch", "", ["torch._dynamo"]),
        ("def walk(oracle):\n    from scipy.linalg import solve", "", ["scipy.optimize"]),
        ("import beside", "beside torch", ["torch._dynamo"]),  # which has imported it
        ("from . import beside", "", []),
        ("def walk(oracle):\n    import unheard_of", "", [*launch.HEAVY]),
        ("import bench.optimizers.nevergrad", "bench", [*launch.HEAVY]),
        ("from bench.optimizers.nevergrad import ask_tell", "bench", [*launch.HEAVY]),
        (None, "", [*launch.HEAVY]),
    ],
)
def test_of_a_user_s_module_a_server_has_what_its_text_imports(tmp_path, monkeypatch, text, imported, modules):
    module = ModuleType("mine")
    if text is not None:
        module.__file__ = str(tmp_path / "mine.py")
        (tmp_path / "mine.py").write_text(text)
    there = SimpleNamespace(
        modules={"bench": None, "mine": module, **dict.fromkeys(imported.split())},
        stdlib_module_names=sys.stdlib_module_names,
    )
    monkeypatch.setattr(launch, "sys", there)
    definition: Any = SimpleNamespace(function=SimpleNamespace(__module__="mine"))
    assert needed([definition]) == modules


def test_what_a_user_s_method_says_that_it_needs_comes_with_what_that_imports(tmp_path, monkeypatch):
    module = ModuleType("mine")
    module.__file__ = str(tmp_path / "mine.py")
    (tmp_path / "mine.py").write_text("def walk(oracle):\n    import unheard_of")
    there = SimpleNamespace(modules={"mine": module}, stdlib_module_names=sys.stdlib_module_names)
    monkeypatch.setattr(launch, "sys", there)
    walk = replace(registry.find_optimizer("random-search"), needs=("unheard_of",))
    monkeypatch.setattr(launch, "_module", lambda definition: "mine")
    assert needed([walk]) == ["unheard_of"]


def test_one_run_from_the_shell_imports_nothing_heavy_before_its_answer(tmp_path):
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from bench.runner.campaign import run_suite\n"
        "from bench.runner.launch import Launch\n"
        "from bench.runner.suite import make_suite\n"
        "launch = Launch(workers=1)\n"
        "launch.load()\n"
        "run_suite(make_suite(['rosenbrock'], ['random-search'], budget=9, name='t', seeds=1), Path('t'), launch)\n"
        "from bench.runner import processes\n"
        "print(*sorted(processes._preloaded), '/', *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=120)
    preloaded, _, imported = done.stdout.partition("/")
    assert preloaded.split() == [], done.stderr
    assert HEAVY.intersection(imported.split()) == {"pyarrow"}  # which writes the trajectory


def test_messages_before_what_is_garbled_are_heard():
    import multiprocessing
    import os

    receive, send = multiprocessing.Pipe(duplex=False)
    sender, receiver = Sender(send), Receiver(receive)
    sender.send("a", "b")
    os.write(send.fileno(), b"nonsense" * 9)
    send.close()
    assert receiver.receive(1) == ["a", "b"]
    with pytest.raises(Garbled):
        receiver.receive(1)
    receive.close()
