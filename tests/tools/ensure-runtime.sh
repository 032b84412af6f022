#!/bin/sh
# After `npm ci` in a checkout: does the pinned Node run here? From version 25 on it needs libatomic, which a small Debian has not.
node=node_modules/node/bin/node
[ -x "$node" ] || exit 0
"$node" --version >/dev/null 2>&1 && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing the Debian package libatomic1, which the pinned Node needs"
  export DEBIAN_FRONTEND=noninteractive
  { apt-get install -q -y --no-install-recommends libatomic1 || { apt-get update -q && apt-get install -q -y --no-install-recommends libatomic1; }; } >&2
  "$node" --version >/dev/null 2>&1 && exit 0
fi
echo "proa: the pinned Node does not run on this machine: $("$node" --version 2>&1 | head -n 1); on Debian, \"apt-get install libatomic1\" as root helps" >&2
exit 1
