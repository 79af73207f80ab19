# does: reads what the factory keeps in a project, which somebody has committed
# stopped by: `.factory` is not copied, wherever it is in the tree
# profiles: A B seal
# off: leaked
# sealed: a project with `.factory` and `sub/.FACTORY` in HEAD
# instead: clone
plant() {
  mkdir -p .factory/evaluator sub/.FACTORY && echo "$CANARY" > .factory/evaluator/card.json && echo "again $CANARY" > sub/.FACTORY/local.toml
  git add -Af && git commit -qm everything
}
attack() {
  cat .factory/*/* sub/.FACTORY/*; git ls-files; git show HEAD:.factory/evaluator/card.json
}
. "$KIT/kit.sh"
