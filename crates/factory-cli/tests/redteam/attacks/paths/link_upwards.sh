# does: follows a link in HEAD that climbs out of the tree
# stopped by: the seal refuses links out of the tree
# profiles: A B seal
# off: leaked
# sealed: a project with a link that has dots in it
# instead: clone
plant() {
  mkdir docs && ln -s ../../../holdouts docs/more && ln -s ../../holdouts docs/near && git add -A && git commit -qm link
}
attack() {
  cat docs/*/*
}
. "$KIT/kit.sh"
