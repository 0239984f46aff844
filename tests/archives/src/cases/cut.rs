//! One archive, cut at each place.

use crate::tar::{BLOCK, Header, archive, file, folder, hard_link, long_name, pax, record, symlink, with_content};
use crate::{Case, Outcome};

/// How far the cuts are apart: no divisor of a block.
const STEP: usize = 200;

pub(crate) fn all() -> Vec<Case> {
    let members = [
        folder("d/"),
        with_content(Header::new("d/f", b'0'), [7; 700]),
        [pax(&[record("path", "d/long")]), file("x")].concat(),
        [long_name("d/longer"), file("x")].concat(),
        symlink("l", "d"),
        hard_link("h", "d/f"),
    ];
    let whole = archive(&members);
    let end = whole.len() - 2 * BLOCK;
    let mut cases: Vec<_> = (STEP..end).step_by(STEP).map(|at| cut(&whole, at, &members)).collect();
    for at in [end, end + 1, end + BLOCK - 1, end + BLOCK, end + BLOCK + 1] {
        cases.push(Case::new(format!("cut: {at} bytes, in the end"), whole[..at].to_vec(), Outcome::Contained));
    }
    cases
}

fn cut(whole: &[u8], at: usize, members: &[Vec<u8>]) -> Case {
    let mut start = 0;
    let inside = members.iter().any(|member| {
        let range = start..start + member.len();
        start = range.end;
        // The padding of a file may be missing.
        at > range.start && at < range.end && whole[at..range.end].iter().any(|byte| *byte != 0)
    });
    let outcome = if inside { Outcome::Refused("") } else { Outcome::Contained };
    Case::new(format!("cut: {at} bytes"), whole[..at].to_vec(), outcome)
}
