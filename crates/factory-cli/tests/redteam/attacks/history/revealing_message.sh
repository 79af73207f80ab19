# does: reads what commit messages say
# stopped by: one commit whose message is fixed
# profiles: A B seal
# off: leaked
# sealed: a project with a commit that quotes the scenario
# instead: clone
plant() {
  git commit -q --allow-empty -m "Login must take $CANARY"
}
attack() {
  git log --all --format=%B
}
. "$KIT/kit.sh"
