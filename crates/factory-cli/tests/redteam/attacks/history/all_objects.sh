# does: prints every object of the repository, whether anything refers to it or not
# stopped by: the proof: all objects are those of the one commit
# profiles: A B seal
# off: leaked
# sealed: a project with the holdout in an object to which nothing refers
# instead: clone
plant() {
  git hash-object -w "$HOLDOUTS/login.md"
}
attack() {
  git cat-file --batch-all-objects --batch --unordered
}
. "$KIT/kit.sh"
