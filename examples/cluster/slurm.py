"""A suite on jobs of Slurm, by dask-jobqueue (`pip install dask-jobqueue`):

    eval "$(sh certificates.sh ~/.fogbench-certificates)"      # where the home folder is on all nodes
    python slurm.py SUITE --queue QUEUE --jobs 10 --cores 32

Run it where jobs are submitted from, in an environment that the nodes have too. Jobs may wait in the queue and end at
their time limit while it goes on: runs go to those that are there. The same command does what was left out.
"""

import argparse

import bench


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("suite")
    parser.add_argument("--queue")
    parser.add_argument("--jobs", type=int, default=4, help="of Slurm, a worker each")
    parser.add_argument("--cores", type=int, default=8, help="runs at once of each job")
    parser.add_argument("--memory", default="32GB", help="of each job")
    parser.add_argument("--walltime", default="04:00:00", help="of each job")
    parser.add_argument("--interface", help="of the network between nodes, e.g. ib0")
    options = parser.parse_args()
    with cluster_of(options) as cluster:
        cluster.scale(jobs=options.jobs)
        try:
            print(bench.run(options.suite, scheduler=cluster.scheduler_address))
        except ValueError as error:  # of the suite, or of workers that do not fit
            raise SystemExit(f"Error: {error}") from None


def cluster_of(options: argparse.Namespace):
    """A scheduler in this process, reached by TLS alone; its jobs are submitted by `scale`."""
    from dask_jobqueue import SLURMCluster
    from distributed import Security

    return SLURMCluster(
        queue=options.queue,
        cores=options.cores,
        processes=1,  # one worker a job, with a thread for each run: runs are processes of their own
        nanny=False,  # a worker that has a nanny may have no children
        memory=options.memory,
        walltime=options.walltime,
        interface=options.interface,
        worker_extra_args=["--no-dashboard"],
        security=Security(require_encryption=True),  # the certificates of this shell
        scheduler_options={"dashboard_address": "127.0.0.1:0"},
    )


if __name__ == "__main__":
    main()
