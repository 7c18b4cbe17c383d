#!/bin/sh
# Workers on machines that ssh reaches, until Ctrl-C:
#
#     sh ssh.sh HOST...
#     python -m bench run SUITE --scheduler tcp://127.0.0.1:8786      # in another terminal
#
# All ports are of the loopback, here and there, and what machines say to each other goes through ssh: nobody else can
# reach scheduler or workers but who is logged in to these machines. On each host FOGBENCH (by default ~/fogbench) is
# this same version with .venv beside it and the extra `cluster`. THREADS: runs at once of a host, by default its cores.
set -eu
port=${PORT:-8786}
folder=${FOGBENCH:-'~/fogbench'}
dask scheduler --host "tcp://127.0.0.1:$port" --dashboard-address 127.0.0.1:0 &
started=$!
trap 'kill $started 2>/dev/null; sleep 2; kill -9 $started 2>/dev/null' EXIT
trap 'exit 130' INT TERM
number=0
for host; do
    number=$((number + 1))
    worker=$((port + number)) # a port of its own for each, as all are reached at this machine's loopback
    ssh -o ExitOnForwardFailure=yes -o ServerAliveInterval=15 \
        -R "127.0.0.1:$port:127.0.0.1:$port" -L "127.0.0.1:$worker:127.0.0.1:$worker" "$host" \
        "cd $folder && PATH=\$PWD/.venv/bin:\$PATH && exec dask worker tcp://127.0.0.1:$port --host 127.0.0.1 \
         --worker-port $worker --nthreads ${THREADS:-0} --no-nanny --no-dashboard --memory-limit 0" &
    started="$started $!"
done
wait
