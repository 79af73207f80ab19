# does: reads what others have left in `/dev/shm`
# stopped by: shared memory of its own (A); Landlock (B)
# profiles: A B
# off: leaked
plant() {
  name=$(mktemp /dev/shm/redteam-left-XXXXXX) && echo "$CANARY" > "$name" && echo "$name" >&3 && { cat > /dev/null; rm "$name"; }
}
attack() {
  cat "$PLANT" /dev/shm/redteam-left-*
}
. "$KIT/kit.sh"
