//! What a start costs.

use std::time::Instant;

use crate::machine::{Machine, tcp};

#[test]
fn starts_are_timed() {
    let machine = Machine::new();
    let networks = machine.open();
    let mut all = Vec::new();
    for port in 0..30 {
        std::thread::sleep(std::time::Duration::from_millis(30));
        let start = Instant::now();
        let web = machine.start(&networks, "bridge", &[tcp(9000 + port, 80)]);
        all.push(start.elapsed());
        machine.release(&networks, &web);
    }
    all.sort();
    println!("start with a port: median {:?}, best {:?}, worst {:?}", all[15], all[0], all[29]);
}
