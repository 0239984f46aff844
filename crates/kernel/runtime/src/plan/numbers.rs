//! Lists of numbers as the kernel writes them: `0-3,7`.

use std::collections::BTreeSet;

/// The largest number that is read.
const MOST: usize = 1023;

/// The numbers of a list, none where it is not one. Each is there once, however often a list repeats it.
pub fn parse(list: &str) -> Option<BTreeSet<usize>> {
    let mut numbers = BTreeSet::new();
    for part in list.split(',').map(str::trim) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (number(first)?, number(last)?);
        if first > last {
            return None;
        }
        numbers.extend(first..=last);
    }
    Some(numbers)
}

fn number(text: &str) -> Option<usize> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_numbers_are_read() {
        assert_eq!(parse("7,0-2, 9,1-2"), Some(BTreeSet::from([0, 1, 2, 7, 9])));
        for bad in ["", "1-", "-1", "3-1", "a", "1,,2", "1024", "+1", "0-99999999999999999999"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
