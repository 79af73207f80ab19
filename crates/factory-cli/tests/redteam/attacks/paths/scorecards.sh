# does: reads what the evaluator and the store keep in the project
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
plant() {
  mkdir -p .factory/evaluator .factory/store && chmod 700 .factory/evaluator
  echo "$CANARY" > .factory/evaluator/card.json && echo "$CANARY" > .factory/store/log && echo "$CANARY" > .factory/local.toml
}
attack() {
  cat "$PROJECT"/.factory/*/* "$PROJECT"/.factory/* ../../../project/.factory/*/*
}
. "$KIT/kit.sh"
