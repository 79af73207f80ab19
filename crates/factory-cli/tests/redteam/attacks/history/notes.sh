# does: reads notes on commits
# stopped by: no ref but one branch
# profiles: A B seal
# off: leaked
# sealed: a project with the scenario in a note
# instead: copy
plant() {
  git notes add -m "$CANARY"
}
attack() {
  git log --notes='*'; git notes show; git for-each-ref
}
. "$KIT/kit.sh"
