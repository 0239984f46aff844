//! The shim itself: one thread, one poll(2), everything bounded.
//!
//! ```text
//! waiting ──go──▶ starting ──runtime ended──▶ running ──process ended──▶ draining ──silence or EOF──▶ ending
//!                     └──runtime failed────────────────────────────────────▲
//! ```

use core::ffi::CStr;

use knarr_sys::children::{self, Ended};
use knarr_sys::failpoint;
use knarr_sys::program::{child_events, inherited, monotonic, pages};
use rustix::fd::{AsFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::client::{Client, Heard};
use crate::exit::{Exit, Record};
use crate::lines::{self, Lines};
use crate::log::{self, Log, Stream};
use crate::options::{Input, Options};
use crate::output::{self, Output};
use crate::place::{Place, open_folder};
use crate::protocol::{ask, tell, want};
use crate::ready::{CLIENTS, Ready};
use crate::stdin::{self, Stdin};
use crate::time::Stamp;
use crate::{complaint, console, runtime, socket};

/// The descriptors that the daemon gives.
const RUNTIME: i32 = 3;
const DAEMON: i32 = 4;

/// How long a dead process's streams may be silent, held open by somebody else, before they are given up.
const SILENCE: i64 = 100;
/// How long they may go on giving output at most.
const EPILOGUE: i64 = 2_000;
/// What `failed` says when it was the shim that could not.
const OWN_FAILURE: i32 = 255;

/// The process's streams as the log names them.
const STREAMS: [Stream; 2] = [Stream::Output, Stream::Error];

/// All places for clients.
pub type Clients = [Option<Client>; CLIENTS];

/// Where in its life the shim is.
#[derive(Clone, Copy)]
pub enum Phase {
    /// For the first client's `go`.
    Waiting,
    /// The runtime is at work.
    Starting(Pid),
    /// The process runs.
    Running(Pid),
    /// It has ended; its last output is read.
    Draining(End),
    /// The clients are told.
    Ending(End),
}

/// How it ended.
#[derive(Clone, Copy)]
pub enum End {
    /// The process has.
    Exited(Exit),
    /// The runtime could not, with this code.
    Failed(i32),
}

/// All that the shim holds.
pub struct Shim<'a> {
    options: Options,
    folder: OwnedFd,
    record: Record,
    /// The runtime's executable, until it runs: a shim keeps no old version of the binary on the disk.
    file: Option<OwnedFd>,
    namespace: Option<OwnedFd>,
    pub(crate) children: OwnedFd,
    pub(crate) listener: OwnedFd,
    pub(crate) console_listener: Option<OwnedFd>,
    pub(crate) clients: &'a mut Clients,
    pub(crate) stdin: Stdin<'static>,
    pub(crate) streams: [Option<OwnedFd>; 2],
    pub(crate) output: Output<'static>,
    lines: [Lines; 2],
    log: Option<Log>,
    pub(crate) phase: Phase,
    pid: Option<Pid>,
    pidfd: Option<OwnedFd>,
    size: Option<(u16, u16)>,
    /// When something last moved, in milliseconds.
    moved: i64,
    /// When the process was seen to be dead, in milliseconds.
    died: i64,
}

impl<'a> Shim<'a> {
    /// Takes the descriptors, opens the folder, the log and the socket.
    pub fn new(options: Options, clients: &'a mut Clients) -> Result<Self, Errno> {
        let file = Some(inherited(RUNTIME).ok_or(Errno::BADF)?);
        let daemon = inherited(DAEMON).ok_or(Errno::BADF)?;
        let namespace = inherited(runtime::NAMESPACE);
        let folder = open_folder(options.dir)?;
        let output = Output::new(pages(output::BUFFER)?);
        clients[0] = Some(Client::new(daemon, true, &output));
        Ok(Self {
            record: Record::reserve(options.exit_file)?,
            file,
            namespace,
            children: child_events()?,
            listener: socket::listen_at(&folder, b"sock")?,
            console_listener: if options.tty { Some(socket::listen_at(&folder, b"tty.sock")?) } else { None },
            folder,
            clients,
            stdin: Stdin::new(pages(stdin::BUFFER)?),
            streams: [None, None],
            output,
            lines: [Lines::new(pages(lines::LONGEST)?), Lines::new(pages(lines::LONGEST)?)],
            log: open_log(&options)?,
            options,
            phase: Phase::Waiting,
            pid: None,
            pidfd: None,
            size: None,
            moved: monotonic(),
            died: 0,
        })
    }

    /// Works until the process has ended and everybody knows.
    pub fn run(&mut self) -> Result<(), Errno> {
        loop {
            let ready = Ready::wait(self, self.timeout())?;
            if ready.any {
                self.moved = monotonic();
            }
            self.serve_clients(&ready);
            if ready.listener {
                self.accept();
            }
            if ready.console {
                self.receive_console();
            }
            if ready.stdin {
                self.stdin.flush();
            }
            self.read_streams(&ready);
            if ready.children {
                self.children_ended();
            }
            self.go_on();
            if self.is_over() {
                return self.leave();
            }
        }
    }

    /// Milliseconds after which silence itself means something; none where only events do.
    fn timeout(&self) -> Option<i64> {
        let stuck = self.clients.iter().flatten().filter_map(|client| client.stuck_since());
        let given_up = stuck.min().map(|since| since + self.options.patience);
        let end = self.drained_at().into_iter().chain(given_up).min()?;
        Some((end - monotonic()).max(0))
    }

    /// When the dead process's streams are given up.
    fn drained_at(&self) -> Option<i64> {
        matches!(self.phase, Phase::Draining(_)).then(|| (self.moved + SILENCE).min(self.died + EPILOGUE))
    }

    /// Whether the streams may be read: see [`Output`].
    pub(crate) fn takes_output(&self) -> bool {
        match self.phase {
            Phase::Draining(_) => self.output.has_room(),
            _ => self.output.is_empty(),
        }
    }

    /// Follows what has become true: a client's patience is over, the dead are drained.
    fn go_on(&mut self) {
        self.give_up_the_stuck();
        self.release_output();
        if let Phase::Draining(end) = self.phase {
            let drained = self.streams.iter().all(Option::is_none);
            let late = self.drained_at().is_some_and(|at| at <= monotonic());
            if drained || late || !self.output.has_room() {
                self.finish(end);
            }
        }
    }

    /// Cuts off who has taken nothing for so long: the process must not wait for them for ever.
    fn give_up_the_stuck(&mut self) {
        for index in 0..CLIENTS {
            let since = self.clients[index].as_ref().and_then(Client::stuck_since);
            if since.is_some_and(|since| since + self.options.patience <= monotonic()) {
                self.forget(index);
            }
        }
    }

    fn release_output(&mut self) {
        let output = &self.output;
        if !output.is_empty() && !self.clients.iter().flatten().any(|client| client.must_hear_output(output)) {
            self.output.clear();
            self.clients.iter_mut().flatten().for_each(Client::rewind);
        }
    }

    fn is_over(&self) -> bool {
        match self.phase {
            Phase::Ending(_) => self.clients.iter().flatten().all(|client| !client.must_hear(&self.output)),
            Phase::Waiting => !self.clients.iter().flatten().any(|client| client.first),
            _ => false,
        }
    }

    fn leave(&self) -> Result<(), Errno> {
        failpoint!("shim.told");
        self.record.give_up();
        for name in [c"sock", c"tty.sock"] {
            let _gone_already = rustix::fs::unlinkat(&self.folder, name, rustix::fs::AtFlags::empty());
        }
        Ok(())
    }

    fn serve_clients(&mut self, ready: &Ready) {
        for index in 0..CLIENTS {
            let Some(client) = &mut self.clients[index] else { continue };
            if ready.writable(index) {
                client.send(&self.output);
            }
            if ready.hung_up(index) {
                client.hang_up();
            }
            if ready.readable(index) {
                self.hear(index);
            }
            if self.clients[index].as_ref().is_some_and(|client| client.gone && client.ended) {
                self.clients[index] = None;
            }
        }
    }

    fn hear(&mut self, index: usize) {
        let Some(client) = self.clients[index].as_mut().filter(|client| client.may_speak(&self.stdin)) else { return };
        match client.read(&mut self.stdin) {
            Heard::Nothing => {}
            Heard::End => self.input_ended(index),
            Heard::Nonsense => self.forget(index),
            Heard::Frame(kind, payload) => self.obey(index, kind, payload),
        }
    }

    fn forget(&mut self, index: usize) {
        self.input_ended(index);
        self.clients[index] = None;
    }

    /// A client's direction has ended: with `once` that is the end of the process's input, if it was feeding it.
    fn input_ended(&mut self, index: usize) {
        let feeds = self.clients[index].as_ref().is_some_and(Client::feeds);
        if feeds && self.options.input == Input::Once {
            self.end_input();
        }
    }

    fn end_input(&mut self) {
        if self.options.input == Input::Once && !self.options.tty {
            self.stdin.end();
        }
    }

    fn obey(&mut self, index: usize, kind: u8, payload: [u8; 8]) {
        let [a, b, c, d, e, f, g, h] = payload;
        match kind {
            ask::HELLO => self.greet(index, u32::from_le_bytes([a, b, c, d])),
            ask::STDIN_END => self.end_input(),
            ask::RESIZE => {
                let errno = self.resize(u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d]));
                self.answer(index, errno);
            }
            ask::SIGNAL => {
                let whole_group = u32::from_le_bytes([e, f, g, h]) == 1;
                let errno = self.signal(u32::from_le_bytes([a, b, c, d]), whole_group);
                self.answer(index, errno);
            }
            ask::GO => self.go(index),
            ask::ROTATE => self.reopen_log(),
            _ => {}
        }
    }

    /// A client that comes late hears at once what has happened.
    fn greet(&mut self, index: usize, wants: u32) {
        let Some(client) = &mut self.clients[index] else { return };
        client.wants = wants;
        if let Some(pid) = self.pid.filter(|_| wants & want::EVENTS != 0) {
            client.tell(tell::STARTED, &pid.as_raw_nonzero().get().to_le_bytes());
        }
        if let Phase::Ending(end) = self.phase {
            end.tell(client);
        }
        client.send(&self.output);
    }

    fn answer(&mut self, index: usize, result: Result<(), Errno>) {
        let errno = result.err().map_or(0, Errno::raw_os_error);
        if let Some(client) = &mut self.clients[index] {
            client.tell(tell::ANSWER, &errno.to_le_bytes());
            client.send(&self.output);
        }
    }

    fn resize(&mut self, rows: u16, columns: u16) -> Result<(), Errno> {
        if !self.options.tty {
            return Err(Errno::NOTTY);
        }
        self.size = Some((rows, columns));
        self.streams[0].as_ref().map_or(Ok(()), |master| console::resize(master, rows, columns))
    }

    fn signal(&self, number: u32, whole_group: bool) -> Result<(), Errno> {
        let number = i32::try_from(number).map_err(|_| Errno::INVAL)?;
        match (self.phase, &self.pidfd) {
            (Phase::Running(_), Some(process)) => children::signal(process.as_fd(), number, whole_group),
            _ => Err(Errno::SRCH),
        }
    }

    fn reopen_log(&mut self) {
        if let Some(Err(errno)) = self.log.as_mut().map(Log::reopen) {
            complaint::write(&self.folder, b"cannot reopen the log", errno);
        }
    }

    /// Into a free place, or that of one that has hung up and whose input nobody takes.
    fn accept(&mut self) {
        let free = self.clients.iter().position(Option::is_none);
        let given_up = || self.clients.iter().position(|place| place.as_ref().is_some_and(|client| client.gone));
        let Some(index) = free.or_else(given_up) else { return };
        self.forget(index);
        self.admit(index);
    }

    /// False where nobody waits.
    fn admit(&mut self, index: usize) -> bool {
        match socket::accept(&self.listener) {
            Ok(connection) => self.clients[index] = Some(Client::new(connection, false, &self.output)),
            Err(Errno::PERM) => {}
            Err(_) => return false,
        }
        true
    }

    /// Who came before the process misses nothing of it, however fast it is: they are let in and heard before it starts.
    fn let_in_who_waits(&mut self) {
        while let Some(index) = self.clients.iter().position(Option::is_none) {
            if !self.admit(index) {
                break;
            }
            // A frame's head, and the frame.
            self.hear(index);
            self.hear(index);
        }
    }

    fn go(&mut self, index: usize) {
        let is_first = self.clients[index].as_ref().is_some_and(|client| client.first);
        if !is_first || !matches!(self.phase, Phase::Waiting) {
            return;
        }
        failpoint!("shim.go");
        self.let_in_who_waits();
        let (Some(file), namespace) = (self.file.take(), self.namespace.take()) else { return };
        match runtime::start(&self.options, &self.folder, &file, namespace.as_ref()) {
            Ok((pid, streams)) => {
                failpoint!("shim.runtime-started");
                self.phase = Phase::Starting(pid);
                self.streams = [streams.output, streams.error];
                if !self.options.tty {
                    self.stdin.open(streams.input);
                }
            }
            Err(errno) => {
                complaint::write(&self.folder, b"cannot start the runtime", errno);
                self.drain(End::Failed(OWN_FAILURE));
            }
        }
    }

    fn receive_console(&mut self) {
        let Some(listener) = &self.console_listener else { return };
        let Ok(connection) = socket::accept(listener) else { return };
        let master = match console::receive(&connection) {
            Ok(Some(master)) => master,
            // It has failed, and its own error is the reason.
            Ok(None) => return,
            Err(errno) => return complaint::write(&self.folder, b"cannot receive the terminal", errno),
        };
        if let Some((rows, columns)) = self.size {
            let _keeps_its_own = console::resize(&master, rows, columns);
        }
        let input = rustix::io::fcntl_dupfd_cloexec(&master, 0).ok();
        self.stdin.open(input.filter(|_| self.options.input != Input::None));
        self.streams[0] = Some(master);
        self.console_listener = None;
        let _gone_already = rustix::fs::unlinkat(&self.folder, c"tty.sock", rustix::fs::AtFlags::empty());
    }

    fn read_streams(&mut self, ready: &Ready) {
        for (index, kind) in [(0, tell::STDOUT), (1, tell::STDERR)] {
            if ready.streams[index] && self.takes_output() {
                self.read_stream(index, kind);
            }
        }
    }

    /// The log first, then the clients.
    fn read_stream(&mut self, index: usize, kind: u8) {
        let Some(stream) = &self.streams[index] else { return };
        match self.output.read(stream, kind) {
            Ok(Some(payload)) => {
                if let Some(log) = &mut self.log {
                    let time = Stamp::now();
                    self.lines[index].feed(payload, |line| log.record(STREAMS[index], line, &time));
                    log.flush();
                }
            }
            Err(Errno::AGAIN | Errno::INTR) => return,
            Ok(None) | Err(_) => self.streams[index] = None,
        }
        let output = &self.output;
        self.clients.iter_mut().flatten().for_each(|client| client.send(output));
        self.release_output();
    }

    fn children_ended(&mut self) {
        let mut events = [0; 128];
        while rustix::io::read(&self.children, &mut events).is_ok() {}
        if let Phase::Starting(runtime) = self.phase
            && let Some(ended) = children::ended(Some(runtime))
        {
            failpoint!("shim.runtime-ended");
            children::bury(runtime);
            self.runtime_ended(&ended);
        }
        // Before the runtime has ended nobody knows which of the dead is the process.
        if !matches!(self.phase, Phase::Starting(_)) {
            self.bury_the_dead();
        }
    }

    fn runtime_ended(&mut self, ended: &Ended) {
        // It has sent the terminal before it ended, if it has made one.
        self.receive_console();
        let code = Exit::of(ended).code;
        if code != 0 {
            return self.drain(End::Failed(code));
        }
        match runtime::written_pid(&self.folder).and_then(|pid| Ok((pid, pidfd_open(pid, PidfdFlags::empty())?))) {
            Ok((pid, pidfd)) => self.started(pid, pidfd),
            Err(errno) => {
                complaint::write(&self.folder, b"cannot find the process that the runtime has started", errno);
                self.drain(End::Failed(OWN_FAILURE));
            }
        }
    }

    fn drain(&mut self, end: End) {
        self.phase = Phase::Draining(end);
        (self.moved, self.died) = (monotonic(), monotonic());
    }

    fn started(&mut self, pid: Pid, pidfd: OwnedFd) {
        failpoint!("shim.process-found");
        self.phase = Phase::Running(pid);
        (self.pid, self.pidfd) = (Some(pid), Some(pidfd));
        if self.options.tty && self.streams[0].is_none() {
            self.stdin.open(None);
        }
        let payload = pid.as_raw_nonzero().get().to_le_bytes();
        for client in self.clients.iter_mut().flatten().filter(|client| client.wants & want::EVENTS != 0) {
            client.tell(tell::STARTED, &payload);
            client.send(&self.output);
        }
    }

    /// Every child that has ended; the process itself only after its exit is on the disk.
    fn bury_the_dead(&mut self) {
        while let Some(ended) = children::ended(None) {
            if matches!(self.phase, Phase::Running(main) if main == ended.pid) {
                let exit = Exit::of(&ended);
                failpoint!("shim.process-ended");
                if let Err(errno) = self.record.write(&exit, self.options.start_id) {
                    complaint::write(&self.folder, b"cannot record the exit", errno);
                }
                failpoint!("shim.exit-recorded");
                self.drain(End::Exited(exit));
            }
            children::bury(ended.pid);
            failpoint!("shim.reaped");
        }
    }

    fn finish(&mut self, end: End) {
        self.streams = [None, None];
        self.stdin.open(None);
        if let Some(log) = &mut self.log {
            let time = Stamp::now();
            for (index, lines) in self.lines.iter_mut().enumerate() {
                lines.flush(&mut |line: &[u8]| log.record(STREAMS[index], line, &time));
            }
            log.flush();
        }
        self.phase = Phase::Ending(end);
        failpoint!("shim.drained");
        for client in self.clients.iter_mut().flatten() {
            end.tell(client);
            client.send(&self.output);
        }
    }
}

impl End {
    fn tell(&self, client: &mut Client) {
        match self {
            Self::Exited(exit) => client.tell(tell::EXITED, &exited(exit)),
            Self::Failed(code) => client.tell(tell::FAILED, &code.to_le_bytes()),
        }
    }
}

fn exited(exit: &Exit) -> [u8; 20] {
    let mut payload = [0; 20];
    payload[..4].copy_from_slice(&exit.code.to_le_bytes());
    payload[4..8].copy_from_slice(&exit.signal.to_le_bytes());
    payload[8..16].copy_from_slice(&exit.seconds.to_le_bytes());
    payload[16..].copy_from_slice(&exit.nanoseconds.to_le_bytes());
    payload
}

fn open_log(options: &Options) -> Result<Option<Log>, Errno> {
    let open = |path: &'static CStr| {
        Log::open(Place::open(path)?, options.log_form, options.log_size, options.log_files, pages(log::BUFFER)?)
    };
    options.log.map(open).transpose()
}
