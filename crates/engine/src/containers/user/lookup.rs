//! From `user[:group]` to numbers. Numbers win over names, so that an account called `1000` cannot stand for another id
//! (row 15); sizes are bounded by who reads the files (row 17).

use knarr_model::accounts::{self, Account};
use knarr_model::{Fault, Result};

/// The text of `/etc/passwd` and `/etc/group`, empty where the container has none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Accounts {
    pub(crate) passwd: String,
    pub(crate) group: String,
}

/// Numbers for the kernel, and the home folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) groups: Vec<u32>,
    pub(crate) home: String,
}

/// Resolves `user` (empty is root) and `extra` groups. As Docker: supplementary groups are those of the account, unless a group
/// was given with the user.
pub(crate) fn resolve(user: &str, extra: &[String], files: &Accounts) -> Result<Identity> {
    let (name, group) = user.split_once(':').unwrap_or((user, ""));
    let (uid, account) = find_user(name, files)?;
    let mut identity = Identity {
        uid,
        gid: account.map_or(0, |account| account.gid),
        groups: Vec::new(),
        home: account.and_then(|account| account.home()).unwrap_or("/").to_owned(),
    };
    if group.is_empty() {
        identity.groups = account.map(|account| memberships(account, files)).unwrap_or_default();
    } else {
        identity.gid = find_group(group, files)?;
    }
    for group in extra {
        let gid = find_group(group, files)?;
        if !identity.groups.contains(&gid) {
            identity.groups.push(gid);
        }
    }
    Ok(identity)
}

fn find_user<'a>(name: &str, files: &'a Accounts) -> Result<(u32, Option<Account<'a>>)> {
    let mut all = accounts::accounts(&files.passwd);
    if name.is_empty() {
        return Ok((0, all.find(|account| account.uid == 0)));
    }
    if let Some(uid) = accounts::id(name) {
        return Ok((uid, all.find(|account| account.uid == uid)));
    }
    if numeric_looking(name) {
        return Err(Fault::invalid(format!("unable to find user {name}: uids and gids must be in range 0-2147483647")));
    }
    match all.find(|account| account.name == name) {
        Some(account) => Ok((account.uid, Some(account))),
        None => Err(Fault::invalid(format!("unable to find user {name}: no matching entries in passwd file"))),
    }
}

fn find_group(name: &str, files: &Accounts) -> Result<u32> {
    if let Some(gid) = accounts::id(name) {
        return Ok(gid);
    }
    if numeric_looking(name) {
        return Err(Fault::invalid(format!(
            "unable to find group {name}: uids and gids must be in range 0-2147483647"
        )));
    }
    match accounts::groups(&files.group).find(|group| group.name == name) {
        Some(group) => Ok(group.gid),
        None => Err(Fault::invalid(format!("unable to find group {name}: no matching entries in group file"))),
    }
}

/// `-1`, `+0`, `4294967296`: meant as a number, and not one.
fn numeric_looking(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn memberships(account: Account<'_>, files: &Accounts) -> Vec<u32> {
    let member = |group: &accounts::Group<'_>| group.members.contains(&account.name);
    accounts::groups(&files.group).filter(member).map(|group| group.gid).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            passwd: "root:x:0:0:root:/root:/bin/sh\nweb:x:33:34:w:/var/www:/bin/sh\n1000:x:0:0::/evil:/bin/sh\nbad line\nbell:x:5:5::/a\x07b:\n".into(),
            group: "root:x:0:\nwww:x:34:\nadm:x:4:web,root\nlog:x:7:web\n".into(),
        }
    }

    #[test]
    fn names_numbers_and_groups() {
        let get = |user: &str| {
            let identity = resolve(user, &[], &accounts()).unwrap();
            (identity.uid, identity.gid, identity.groups, identity.home)
        };
        assert_eq!(get(""), (0, 0, vec![4], "/root".into()));
        assert_eq!(get("web"), (33, 34, vec![4, 7], "/var/www".into()));
        assert_eq!(get("33"), (33, 34, vec![4, 7], "/var/www".into()));
        assert_eq!(get("web:log"), (33, 7, vec![], "/var/www".into()));
        assert_eq!(get("1000"), (1000, 0, vec![], "/".into()));
        assert_eq!(get("bell").3, "/");
    }

    #[test]
    fn extra_groups_are_added_once() {
        let extra = ["adm".to_owned(), "99".to_owned()];
        assert_eq!(resolve("web", &extra, &accounts()).unwrap().groups, [4, 7, 99]);
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for bad in ["-1", "+0", "4294967296", "2147483648", "nobody", "web:nogroup", "0:-1", "0x0", " 0", "0 "] {
            assert!(resolve(bad, &[], &accounts()).is_err(), "{bad}");
        }
        assert_eq!(resolve("00", &[], &accounts()).unwrap().uid, 0);
    }
}
