//! passwd(5) and group(5). Lines that do not parse are skipped, as C libraries do.

/// One account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) home: String,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) gid: u32,
    pub(super) members: Vec<String>,
}

/// The largest id (row 15: a strict number up to 2³¹-1).
pub(super) const MAX_ID: u32 = (1 << 31) - 1;

/// Digits only, in range; so neither `-1` nor `+0` nor an overflow is an id.
pub(super) fn id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok().filter(|id| *id <= MAX_ID) } else { None }
}

pub(super) fn accounts(passwd: &str) -> impl Iterator<Item = Account> {
    passwd.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
        Some(Account { name: name.to_owned(), uid: id(uid)?, gid: id(gid)?, home: home.to_owned() })
    })
}

pub(super) fn groups(group: &str) -> impl Iterator<Item = Group> {
    group.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields[..] else { return None };
        let members = members.split(',').filter(|m| !m.is_empty()).map(str::to_owned).collect();
        Some(Group { name: name.to_owned(), gid: id(gid)?, members })
    })
}
