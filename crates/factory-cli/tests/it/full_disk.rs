//! A disk that is full, or that cannot be written: a clear error, an intact log, and a run that goes on once there is room.

use std::process::Command;
use std::sync::LazyLock;

use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY, SPEC, World, building, has_python, right};
use crate::process::{self, Ran};
use crate::{case, needing};

pub(crate) fn trials() -> Vec<Trial> {
    let trials = [
        case("a_store_on_a_full_disk_goes_on_when_there_is_room", a_store_on_a_full_disk),
        case("a_store_that_cannot_be_written_is_an_error_with_a_way_out", a_store_that_cannot_be_written),
        case("a_checkout_on_a_full_disk_blocks_until_there_is_room", a_checkout_on_a_full_disk),
    ];
    let needed = "needs python3 and the right to mount";
    trials.into_iter().map(|trial| needing(needed, has_python() && UNSHARE.is_some(), trial)).collect()
}

/// The arguments with which `unshare` gives a mount namespace of one's own, if it does: as root, or else as root of a user
/// namespace.
static UNSHARE: LazyLock<Option<&[&str]>> = LazyLock::new(|| {
    let ways: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];
    ways.into_iter().find(|way| {
        let folder = tempfile::tempdir().unwrap();
        let mount = "mount -t tmpfs -o size=1m tmpfs \"$0\" && df \"$0\" | grep -q tmpfs";
        let tried = Command::new("unshare").args(*way).args(["sh", "-c", mount]).arg(folder.path()).output();
        tried.is_ok_and(|tried| tried.status.success())
    })
});

/// Runs a script in the project's folder, with mounts that nobody else sees. `expect STATUS ARGUMENTS` runs the factory.
fn script(world: &World, text: &str) -> Ran {
    let prelude = "
        expect() {
            wanted=$1; status=0; shift
            \"$FACTORY\" \"$@\" || status=$?
            echo \"ended with $status: $*\" >&2
            test $status = $wanted || exit 99
        }
    ";
    let mut command = world.command("unshare", UNSHARE.unwrap());
    command.args(["sh", "-e", "-u", "-c", &format!("{prelude}\n{text}")]);
    command.env("FACTORY", FACTORY).env("SPEC", SPEC).env("APPROVE", APPROVE);
    process::run(command)
}

fn a_store_on_a_full_disk() {
    let world = World::new(building(vec![right()]));
    let ran = script(
        &world,
        r#"
        cp -r .factory ../own
        mount -t tmpfs -o size=80m,mode=0700 tmpfs .factory
        cp ../own/local.toml ../own/.gitignore .factory/
        expect 4 run "$SPEC"
        "$FACTORY" runs logs > ../before
        free=$(df -k --output=avail .factory | tail -1)
        fallocate -l $((free - 6 * 1024))K .factory/ballast
        expect 1 gate approve --because 'the plan is small' --resume
        expect 1 gate approve --because 'the plan is small'
        "$FACTORY" runs logs > ../after
        cmp ../before ../after
        rm .factory/ballast
        expect 4 gate approve --because 'the plan is small' --resume
        fallocate -l $((free - 8 * 1024))K .factory/ballast
        expect 1 runs resume "$APPROVE"
        rm .factory/ballast
        expect 0 runs resume "$APPROVE"
        expect 0 runs show
        "#,
    );
    let ran = ran.ends_with(0).says("the disk is full; nothing that was recorded is lost").says("make room");
    ran.says("is merged.").says("the plan is small");
    world.assert_merged();
}

fn a_store_that_cannot_be_written() {
    let world = World::new(building(vec![right()]));
    let ran = script(
        &world,
        r#"
        expect 4 run "$SPEC"
        "$FACTORY" runs logs > ../before
        mount --bind .factory .factory
        mount -o remount,bind,ro .factory
        expect 1 run "$SPEC" "$APPROVE"
        expect 1 runs list
        expect 1 gate approve --because 'the plan is small'
        expect 1 doctor
        mount -o remount,bind,rw .factory
        "$FACTORY" runs logs > ../after
        cmp ../before ../after
        expect 0 runs resume "$APPROVE"
        "#,
    );
    let ran = ran.ends_with(0).says("Read-only file system").says("is merged.").never_says("panicked");
    ran.says("mend: make the file system writable").never_says("doctor --repair");
}

fn a_checkout_on_a_full_disk() {
    let world = World::new(building(vec![right()]));
    let ran = script(
        &world,
        r#"
        mkdir ../cache
        mount -t tmpfs -o size=48k tmpfs ../cache
        expect 1 run "$SPEC" "$APPROVE"
        mount -o remount,size=64m tmpfs ../cache
        expect 0 runs resume "$APPROVE"
        "#,
    );
    ran.ends_with(0).says("is blocked at spec: ").says("is merged.").says("No space left");
    world.assert_merged();
}
