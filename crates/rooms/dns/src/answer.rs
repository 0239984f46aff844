//! What is answered here, without asking anybody.

use std::net::Ipv4Addr;

use crate::Zone;
use crate::message::{A, Code, Data, PTR, Question};

/// So many addresses fit in a datagram of 512 bytes beside the longest name.
const MOST: usize = 14;

/// The answer of the zone; none where the zone knows nothing of the name. `turn` is another number at every question: who
/// asks often gets each of several addresses first in turn.
pub(crate) fn local(question: &Question<'_>, zone: &dyn Zone, turn: usize) -> Option<Vec<u8>> {
    if question.kind == PTR {
        let owner = zone.owner(address(&question.name)?)?;
        return Some(question.answer(Code::Fine, &[Data::Name(owner)]));
    }
    let mut addresses = zone.addresses(&question.name);
    if addresses.is_empty() {
        return None;
    }
    let first = turn % addresses.len();
    addresses.rotate_left(first);
    let records: Vec<Data> = addresses.into_iter().take(MOST).map(Data::Address).collect();
    Some(question.answer(Code::Fine, if question.kind == A { &records } else { &[] }))
}

/// `2.0.0.10.in-addr.arpa` is 10.0.0.2.
fn address(name: &str) -> Option<Ipv4Addr> {
    let mut parts: Vec<&str> = name.strip_suffix(".in-addr.arpa")?.split('.').collect();
    parts.reverse();
    parts.join(".").parse().ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;
    use crate::message::tests::asked;

    struct Two;

    const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);
    const SECOND: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);

    impl Zone for Two {
        fn addresses(&self, name: &str) -> Vec<Ipv4Addr> {
            if name == "db" { vec![FIRST, SECOND] } else { Vec::new() }
        }

        fn owner(&self, address: Ipv4Addr) -> Option<String> {
            (address == FIRST).then(|| "db.net".to_owned())
        }

        fn upstreams(&self) -> Vec<IpAddr> {
            Vec::new()
        }
    }

    fn ask(name: &str, kind: u16, turn: usize) -> Option<Vec<u8>> {
        let message = asked(name, kind);
        local(&Question::parse(&message).unwrap(), &Two, turn)
    }

    #[test]
    fn addresses_take_turns() {
        let last = |turn| ask("DB", A, turn).unwrap().split_off(50 - 4 - 4);
        assert!(last(0).ends_with(&SECOND.octets()));
        assert!(last(1).ends_with(&FIRST.octets()));
    }

    #[test]
    fn a_neighbours_other_records_are_none_and_strangers_are_not_answered() {
        const AAAA: u16 = 28;
        assert_eq!(ask("db", AAAA, 0).unwrap()[7], 0);
        assert!(ask("example.org", A, 0).is_none());
        assert!(ask("2.0.0.10.in-addr.arpa", PTR, 0).unwrap().ends_with(b"\x02db\x03net\x00"));
        assert!(ask("9.0.0.10.in-addr.arpa", PTR, 0).is_none());
    }
}
