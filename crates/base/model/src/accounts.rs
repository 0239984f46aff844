//! passwd(5) and group(5). Lines that do not parse are skipped, as C libraries do.

/// One account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account<'a> {
    /// Its name.
    pub name: &'a str,
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
    home: &'a str,
}

/// One group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group<'a> {
    /// Its name.
    pub name: &'a str,
    /// Group id.
    pub gid: u32,
    /// Names of the accounts that are in it beside those whose own group it is.
    pub members: Vec<&'a str>,
}

/// The largest id (flaw row 15: a strict number up to 2³¹-1).
pub const MAX_ID: u32 = (1 << 31) - 1;

/// Digits only, in range; so neither `-1` nor `+0` nor an overflow is an id.
pub fn id(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok().filter(|id| *id <= MAX_ID) } else { None }
}

/// The accounts of a passwd file.
pub fn accounts(passwd: &str) -> impl Iterator<Item = Account<'_>> {
    passwd.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
        Some(Account { name, uid: id(uid)?, gid: id(gid)?, home })
    })
}

/// The groups of a group file.
pub fn groups(group: &str) -> impl Iterator<Item = Group<'_>> {
    group.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split(':').collect();
        let [name, _, gid, members] = fields[..] else { return None };
        Some(Group { name, gid: id(gid)?, members: members.split(',').filter(|member| !member.is_empty()).collect() })
    })
}

impl<'a> Account<'a> {
    /// The home folder; none where what the file gives is no absolute path, or has a control character, which would
    /// reach the environment of every process (flaw row 77).
    pub fn home(&self) -> Option<&'a str> {
        let safe = self.home.starts_with('/') && !self.home.chars().any(char::is_control);
        safe.then_some(self.home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_are_none_are_skipped() {
        let text = "root:x:0:0:root:/root:/bin/sh\nbad\nx:x:+5:5::/:\nbell:x:5:5::/a\x07b:\nrelative:x:6:6::home:\n";
        let found: Vec<_> = accounts(text).map(|account| (account.name, account.uid, account.home())).collect();
        assert_eq!(found, [("root", 0, Some("/root")), ("bell", 5, None), ("relative", 6, None)]);
        let found: Vec<_> = groups("adm:x:4:web,,root\nbad:x:-1:\nwww:x:33:\n").collect();
        assert_eq!(found[0].members, ["web", "root"]);
        assert_eq!(found.iter().map(|group| group.gid).collect::<Vec<_>>(), [4, 33]);
    }

    #[test]
    fn ids_are_strict_numbers() {
        assert_eq!(id("0033"), Some(33));
        for bad in ["", "-1", "+0", "2147483648", "4294967296", " 1", "1 ", "0x1"] {
            assert_eq!(id(bad), None, "{bad:?}");
        }
    }
}
