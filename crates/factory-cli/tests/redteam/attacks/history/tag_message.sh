# does: reads what annotated tags say
# stopped by: no ref but one branch
# profiles: A B seal
# off: leaked
# sealed: a project with a tag that quotes the scenario
# instead: clone
plant() {
  git tag -a v1 -m "$CANARY"
}
attack() {
  git for-each-ref --format='%(contents)'
}
. "$KIT/kit.sh"
