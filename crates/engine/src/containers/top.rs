//! `top`: the processes of a container, in the columns of ps(1).

use std::fs;

use knarr_api::container::TopResponse;
use knarr_model::accounts::accounts;
use knarr_model::{Fault, Result};

use super::launch;
use crate::engine::blocking;
use crate::{Engine, Timestamp};

/// Clock ticks a second in `/proc` (`USER_HZ`, always 100 on Linux).
const TICKS: u64 = 100;

/// A column: what ps calls it, and its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    User,
    Pid,
    Ppid,
    Cpu,
    Start,
    Tty,
    Time,
    Command,
    Comm,
    Rss,
    Vsz,
    State,
    Nice,
    Threads,
    Pgid,
    Sid,
    Elapsed,
}

use Column::{
    Comm, Command, Cpu, Elapsed, Nice, Pgid, Pid, Ppid, Rss, Sid, Start, State, Threads, Time, Tty, User, Vsz,
};

/// `ps -ef`.
const FULL: [(Column, &str); 8] = [
    (User, "UID"),
    (Pid, "PID"),
    (Ppid, "PPID"),
    (Cpu, "C"),
    (Start, "STIME"),
    (Tty, "TTY"),
    (Time, "TIME"),
    (Command, "CMD"),
];
/// `ps aux`, without the percentages of a whole life, which nobody can compare.
const BSD: [(Column, &str); 9] = [
    (User, "USER"),
    (Pid, "PID"),
    (Cpu, "%CPU"),
    (Vsz, "VSZ"),
    (Rss, "RSS"),
    (Tty, "TTY"),
    (State, "STAT"),
    (Start, "START"),
    (Command, "COMMAND"),
];

impl Engine {
    /// The processes of a running container. `arguments` are ps's: `-ef` (also where empty), `aux`, or `-o` with names of columns.
    pub async fn top(&self, name: &str, arguments: &str) -> Result<TopResponse> {
        let view = self.containers.find(name)?.view();
        if !view.state.status.alive() {
            return Err(Fault::conflict(format!("container {} is not running", view.id)));
        }
        let columns = columns(arguments)?;
        let cgroup = launch::cgroup_path(&self.config, &view);
        blocking(move || {
            let pids = knarr_cgroups::Cgroup::open(&cgroup)?.pids()?;
            let facts = Facts::read();
            let rows = pids
                .into_iter()
                .filter_map(Process::read)
                .map(|process| columns.iter().map(|(column, _)| process.show(*column, &facts)).collect());
            let titles = columns.iter().map(|(_, title)| title.clone()).collect();
            Ok(TopResponse { processes: rows.collect(), titles })
        })
        .await
    }
}

fn columns(arguments: &str) -> Result<Vec<(Column, String)>> {
    let owned = |list: &[(Column, &str)]| list.iter().map(|(column, title)| (*column, (*title).to_owned())).collect();
    let words: Vec<&str> = arguments.split_whitespace().collect();
    match words[..] {
        [] | ["-ef" | "-e" | "ef" | "-f"] => Ok(owned(&FULL)),
        ["aux" | "-aux" | "axu" | "u"] => Ok(owned(&BSD)),
        _ => match arguments.split_once("-o").or_else(|| arguments.split_once("-eo")) {
            Some((_, list)) => list.split([',', ' ']).filter(|name| !name.is_empty()).map(named).collect(),
            None => {
                Err(Fault::invalid(format!("top: unknown ps arguments {arguments:?}: use -ef, aux or -o COLUMN,…")))
            }
        },
    }
}

fn named(text: &str) -> Result<(Column, String)> {
    let (name, title) = text.split_once('=').unwrap_or((text, ""));
    let column = match name {
        "user" | "uid" | "uname" | "euser" => User,
        "pid" => Pid,
        "ppid" => Ppid,
        "c" | "pcpu" | "%cpu" => Cpu,
        "stime" | "start" | "start_time" | "lstart" => Start,
        "tty" | "tt" | "tname" => Tty,
        "time" | "cputime" => Time,
        "cmd" | "args" | "command" => Command,
        "comm" | "ucmd" => Comm,
        "rss" => Rss,
        "vsz" => Vsz,
        "stat" | "s" | "state" => State,
        "ni" | "nice" => Nice,
        "nlwp" | "thcount" => Threads,
        "pgid" | "pgrp" => Pgid,
        "sid" | "sess" => Sid,
        "etime" => Elapsed,
        other => return Err(Fault::invalid(format!("top: unknown column {other:?}"))),
    };
    let title = if title.is_empty() { name.to_ascii_uppercase() } else { title.to_owned() };
    Ok((column, title))
}

/// What all processes share.
struct Facts {
    boot: i64,
    now: Timestamp,
    passwd: String,
}

impl Facts {
    fn read() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let boot = stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok());
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        Self { boot: boot.unwrap_or_default(), now: Timestamp::now(), passwd }
    }

    /// The host's name of a user, as ps on the host shows it.
    fn user(&self, uid: u32) -> String {
        let own = accounts(&self.passwd).find(|account| account.uid == uid);
        own.map_or_else(|| uid.to_string(), |account| account.name.to_owned())
    }
}

/// One process, from proc(5).
struct Process {
    pid: u32,
    uid: u32,
    comm: String,
    command: String,
    /// The fields of `stat` behind the name, from the state on.
    stat: Vec<String>,
}

impl Process {
    /// None where it has gone.
    fn read(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (open, close) = (stat.find('(')?, stat.rfind(')')?);
        let comm = stat.get(open + 1..close)?.to_owned();
        let fields = stat.get(close + 1..)?.split_whitespace().map(str::to_owned).collect();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let uid = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1)?.parse().ok())?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let command = String::from_utf8_lossy(&command).trim_end_matches('\0').replace('\0', " ");
        let command = if command.is_empty() { format!("[{comm}]") } else { command };
        Some(Self { pid, uid, comm, command, stat: fields })
    }

    /// Field `number` of `stat` (proc(5) counts from 1), 0 where it is missing.
    fn number(&self, number: usize) -> i64 {
        self.stat.get(number - 3).and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    fn cpu_seconds(&self) -> u64 {
        u64::try_from(self.number(14) + self.number(15)).unwrap_or_default() / TICKS
    }

    fn started(&self, facts: &Facts) -> i64 {
        facts.boot + self.number(22) / TICKS.cast_signed()
    }

    fn show(&self, column: Column, facts: &Facts) -> String {
        let lived = (facts.now.seconds() - self.started(facts)).max(0).unsigned_abs();
        match column {
            User => facts.user(self.uid),
            Pid => self.pid.to_string(),
            Ppid => self.number(4).to_string(),
            Pgid => self.number(5).to_string(),
            Sid => self.number(6).to_string(),
            Cpu => (self.cpu_seconds() * 100).checked_div(lived).unwrap_or_default().min(99).to_string(),
            Start => start_text(self.started(facts), facts.now),
            Tty => terminal(self.number(7)),
            Time => clock(self.cpu_seconds()),
            Elapsed => clock(lived),
            Command => self.command.clone(),
            Comm => self.comm.clone(),
            Rss => (self.number(24) * 4).to_string(),
            Vsz => (self.number(23) / 1024).to_string(),
            State => self.stat.first().cloned().unwrap_or_default(),
            Nice => self.number(19).to_string(),
            Threads => self.number(20).to_string(),
        }
    }
}

fn clock(seconds: u64) -> String {
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// The time of day for a process of the last day, else the date.
fn start_text(started: i64, now: Timestamp) -> String {
    let Ok(time) = jiff::Timestamp::from_second(started) else { return "?".into() };
    let format = if now.seconds() - started < 86_400 { "%H:%M" } else { "%b%d" };
    time.to_zoned(jiff::tz::TimeZone::system()).strftime(format).to_string()
}

fn terminal(device: i64) -> String {
    let device = u64::try_from(device).unwrap_or_default();
    let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
    match major {
        136..=143 => format!("pts/{minor}"),
        4 => format!("tty{minor}"),
        _ => "?".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_name_columns() {
        let titles =
            |arguments: &str| columns(arguments).unwrap().into_iter().map(|(_, title)| title).collect::<Vec<_>>();
        assert_eq!(titles(""), ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]);
        assert_eq!(titles("-o pid,comm"), ["PID", "COMM"]);
        assert_eq!(titles("-eo pid,cmd=X"), ["PID", "X"]);
        assert!(columns("-Z").is_err());
    }

    #[test]
    fn our_own_process_can_be_shown() {
        let process = Process::read(std::process::id()).unwrap();
        let facts = Facts::read();
        assert_eq!(process.show(Pid, &facts), std::process::id().to_string());
        assert!(process.started(&facts) <= facts.now.seconds() + 1);
    }
}
