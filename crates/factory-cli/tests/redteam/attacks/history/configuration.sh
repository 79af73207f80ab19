# does: reads the configuration of the repository
# stopped by: a new configuration
# profiles: A B seal
# off: leaked
# sealed: a project with a token in the address of its remote
# instead: copy
plant() {
  git remote add origin "https://bot:$CANARY@git.example.test/x.git"
}
attack() {
  cat .git/config; git config -l
}
. "$KIT/kit.sh"
