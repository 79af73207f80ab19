# What the attacks that are shell scripts have in common: the part that the harness asks for.
if [ "$1" = plant ]; then
  set -e
  plant 3>&1 >&2
  echo ready
  exit 0
fi
if [ "$1" = check ]; then
  check
  exit 0
fi
echo the attack begins >&2
attack
