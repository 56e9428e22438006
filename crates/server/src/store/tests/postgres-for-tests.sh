#!/bin/sh
# A PostgreSQL server for one test process: `postgres-for-tests.sh DIR`.
# It listens on a socket in DIR alone, says "ready" on standard output, and ends when standard input does; then DIR goes
# too. PostgreSQL does not run as root, so root runs it as another user.
set -eu
dir=$1
bin=
for candidate in $(command -v postgres || true) /usr/lib/postgresql/*/bin/postgres; do
    [ -x "$candidate" ] || continue
    candidate=$(dirname "$(readlink -f "$candidate")")
    [ -x "$candidate/initdb" ] && bin=$candidate
done
if [ -z "$bin" ]; then
    echo missing
    rm -rf "$dir"
    exit 0
fi
as=
if [ "$(id -u)" = 0 ]; then
    user=nobody
    id postgres >/dev/null 2>&1 && user=postgres
    chown "$user" "$dir"
    as="setpriv --reuid=$user --regid=$(id -g "$user") --clear-groups"
fi
cd "$dir"
$as "$bin/initdb" -D "$dir/data" -U perennial -A trust -E UTF8 --locale=C --no-sync >"$dir/log" 2>&1
$as "$bin/postgres" -D "$dir/data" -k "$dir" -c listen_addresses= -c fsync=on -c max_connections=300 >>"$dir/log" 2>&1 &
server=$!
tries=0
until "$bin/pg_isready" -q -h "$dir" -U perennial -d postgres; do
    tries=$((tries + 1))
    if [ $tries -gt 600 ] || ! kill -0 $server 2>/dev/null; then
        cat "$dir/log" >&2
        exit 1
    fi
    sleep 0.1
done
echo ready
cat >/dev/null || true
kill -INT $server
wait $server || true
cd /
rm -rf "$dir"
