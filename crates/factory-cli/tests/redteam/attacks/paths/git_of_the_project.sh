# does: has git open the project's own repository
# stopped by: an allowlisted root (A); Landlock (B)
# profiles: A B
# off: leaked
plant() {
  git init -qb main && cp "$HOLDOUTS/login.md" . && git add -A && git commit -qm scenarios
}
attack() {
  GIT_DIR=$PROJECT/.git git log -p --all; git -C "$PROJECT" -c safe.directory="*" log -p --all; git clone -q "$PROJECT" taken; git -C taken log -p --all
}
. "$KIT/kit.sh"
