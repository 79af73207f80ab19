# does: goes through a submodule to its repository
# stopped by: the seal refuses submodules
# profiles: A B seal
# off: leaked
# sealed: a project with a submodule whose history has the holdout
# instead: copy
plant() {
  git init -qb main ../library && cd ../library && git commit -q --allow-empty -m library
  mkdir -p tests/holdouts && cp "$HOLDOUTS/login.md" tests/holdouts/ && git add -A && git commit -qm scenarios
  git rm -qr tests/holdouts && git commit -qm "scenarios are elsewhere now"
  cd ../project && git -c protocol.file.allow=always submodule --quiet add ../library vendored && git commit -qm vendored
}
attack() {
  git -C vendored log -p --all; git submodule foreach "git log -p --all"
}
. "$KIT/kit.sh"
