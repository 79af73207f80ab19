//! Candidates that do not come up: that is a failed verification, and nothing is merged.

use std::net::TcpListener;

use factory_testkit::model_twin::{Call, Role};
use libtest_mimic::Trial;

use crate::fixture::{APPROVE, FACTORY_TOML, World, building, right, submit};
use crate::with_python;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        with_python("a_service_that_dies_goes_back_and_is_mended", a_service_that_dies),
        with_python("a_service_that_never_gets_ready_is_not_merged", a_service_that_never_gets_ready),
        with_python("a_command_that_does_not_exist_is_not_merged", a_command_that_does_not_exist),
        with_python("ports_of_others_are_left_alone", ports_of_others_are_left_alone),
    ]
}

/// The project with another `[deploy]`, and an implementer with enough attempts to fail.
fn with_deployment(command: &str) -> World {
    let config = FACTORY_TOML.replace("command = \"python3 -S service.py\"", command);
    let more = |n: u32| vec![Call::bash(&format!("echo '# {n}' >> service.py")), submit("Again.")];
    World::with_files(building(vec![right(), more(2), more(3)]), &[("factory.toml", &config)])
}

fn not_merged(world: &World) {
    let ran = world.run(&[APPROVE]).ends_with(4).says("waits at the gate verify:escalation.");
    ran.says("no try is left; 0 of 3 scenarios passed").says("not deployable");
    assert_eq!(world.branches(), ["main"]);
    world.assert_no_process();
    world.assert_no_checkout();
    world.assert_holdouts_stayed_hidden();
}

fn a_service_that_dies() {
    let main = "if __name__ == \"__main__\":\n";
    let dies = format!("{main}    raise SystemExit(\"no quixotic words in the log\")\n");
    let mut first = right();
    first.insert(0, Call::edit("service.py", main, &dies));
    let second = vec![Call::edit("service.py", &dies, main), submit("It stays up.")];
    let world = World::new(building(vec![first, second]));
    world.run(&[APPROVE]).ends_with(0).says("0 of 3 scenarios passed").says("not deployable");
    world.assert_merged();
    let requests = world.twin().requests_of(Role::Implementer);
    let opening = requests.iter().find(|request| request.session == 1).unwrap().text();
    assert!(opening.contains("it could not be built or started, or did not become ready"), "{opening}");
    world.assert_no_process();
    world.assert_holdouts_stayed_hidden();
}

fn a_service_that_never_gets_ready() {
    let world = with_deployment("command = \"exec sleep 300\"\nready_timeout_seconds = 1");
    not_merged(&world);
}

fn a_command_that_does_not_exist() {
    not_merged(&with_deployment("command = \"no-such-program\""));
}

fn ports_of_others_are_left_alone() {
    let others: Vec<TcpListener> = (0..100).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let world = World::new(building(vec![right()]));
    world.run(&[APPROVE]).ends_with(0);
    world.assert_merged();
    for other in others {
        other.set_nonblocking(true).unwrap();
        assert!(other.accept().is_err(), "somebody was taken for the candidate");
    }
}
