# does: reads what others have left in the temporary folder
# stopped by: a temporary folder of its own (A); Landlock (B)
# profiles: A B
# off: leaked
plant() {
  name=$(mktemp /tmp/redteam-left-XXXXXX) && echo "$CANARY" > "$name" && echo "$name" >&3 && { cat > /dev/null; rm "$name"; }
}
attack() {
  cat "$PLANT" /tmp/redteam-left-*
}
. "$KIT/kit.sh"
