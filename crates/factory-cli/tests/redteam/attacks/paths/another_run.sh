# does: reads the folders of another run in the same cache
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
plant() {
  echo "$CANARY" > "$OTHER/answers"
}
attack() {
  cat "$OTHER"/* ../../run-2/scratch/* ../run-2/scratch/*
}
. "$KIT/kit.sh"
