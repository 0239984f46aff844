//! The walk that must work, with our own command line and with the unmodified `docker`. One file, so that nothing else runs beside
//! the counting of mounts, links, rules and processes.

use knarr_e2e::walk::{With, walk};

#[test]
fn the_walk_with_both_clients() {
    walk(With::Knarr, &|step| println!("knarr: {step}")).unwrap();
    walk(With::Docker, &|step| println!("docker: {step}")).unwrap();
}
