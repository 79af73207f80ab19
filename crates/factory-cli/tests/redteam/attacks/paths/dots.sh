# does: climbs out of the checkout by dots
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
attack() {
  up=..
  for step in 1 2 3 4 5 6; do cat "$up"/holdouts/* "$up"/project/*; up=$up/..; done
}
. "$KIT/kit.sh"
