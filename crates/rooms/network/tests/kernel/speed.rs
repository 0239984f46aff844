//! What a start costs while the pool has namespaces ready.

use std::time::{Duration, Instant};

use knarr_network::{Attach, Options};

use crate::machine::{Machine, run, tcp, within};

const STARTS: usize = 16;
/// Far above what is measured (docs/performance.md), below what making a namespace on demand costs under load.
const BUDGET: Duration = Duration::from_millis(20);

#[test]
fn a_start_is_fast() {
    let machine = Machine::new();
    let networks = machine.open_as("a", &Options { ready: STARTS, ..Options::default() }, &[]);
    while run(&machine.host, "ip -o link show type veth up").matches("kn").count() < STARTS {}
    // Kept, so that the kernel does not take namespaces apart meanwhile.
    let mut sandboxes = Vec::new();
    let mut times: Vec<Duration> = within(&machine.host, || {
        let start = |port| {
            let begin = Instant::now();
            let mut sandbox = networks.sandbox().unwrap();
            let request = Attach {
                container: knarr_model::ContainerId::random(),
                name: "web".to_owned(),
                network: "bridge".to_owned(),
                address: None,
                mac: None,
                ports: vec![tcp(port, 80)],
            };
            networks.connect(&mut sandbox, &request).unwrap();
            let elapsed = begin.elapsed();
            sandboxes.push(sandbox);
            elapsed
        };
        (9000..9000 + STARTS as u16).map(start).collect()
    });
    times.sort();
    println!("start: best {:?}, median {:?}, worst {:?}", times[0], times[STARTS / 2], times[STARTS - 1]);
    assert!(times[STARTS / 2] < BUDGET, "{times:?}");
}
