# does: goes through the working directory of the orchestrator's process
# stopped by: a process table of its own (A); no `/proc` (B)
# profiles: A B
# off: leaked
plant() {
  exec 1>&3; exec python3 -c "import kit; kit.stay()"
}
attack() {
  cat "/proc/$PLANT_PID/cwd/../holdouts/login.md" "/proc/$PLANT_PID/root$HOLDOUTS/login.md"
}
. "$KIT/kit.sh"
