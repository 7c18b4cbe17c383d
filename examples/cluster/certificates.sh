#!/bin/sh
# Certificates with which scheduler, workers and coordinator know each other, and encrypt what they say:
#
#     eval "$(sh certificates.sh FOLDER)"
#
# makes them in FOLDER, unless they are there, and uses them in this shell: ca.pem (whose key is thrown away), cert.pem
# and key.pem, one for all. Who has key.pem is let in, and may run what it likes: copy the folder to the machines of the
# cluster alone, readable by you alone.
set -eu
umask 077
mkdir -p "$1"
cd "$1"
new="-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
if [ ! -e cert.pem ]; then
    openssl req -x509 $new -days 365 -subj /CN=fogbench-ca -keyout ca-key.pem -out ca.pem 2>/dev/null
    openssl req $new -subj /CN=fogbench -keyout key.pem -out request.pem 2>/dev/null
    openssl x509 -req -days 365 -in request.pem -CA ca.pem -CAkey ca-key.pem -CAcreateserial -out cert.pem 2>/dev/null
    rm -f ca-key.pem ca.srl request.pem
fi
tls=DASK_DISTRIBUTED__COMM__TLS
for role in SCHEDULER WORKER CLIENT; do
    echo "export ${tls}__${role}__CERT='$PWD/cert.pem' ${tls}__${role}__KEY='$PWD/key.pem'"
done
echo "export ${tls}__CA_FILE='$PWD/ca.pem' DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION=True"
