# does: follows a link in HEAD to the holdout folder
# stopped by: the seal refuses links out of the tree
# profiles: A B seal
# off: leaked
# sealed: a project with a link to the holdout folder
# instead: clone
plant() {
  ln -s "$HOLDOUTS" scenarios && git add -A && git commit -qm link
}
attack() {
  cat scenarios/*
}
. "$KIT/kit.sh"
