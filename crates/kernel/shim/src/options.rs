//! The command line.

use core::ffi::CStr;

use knarr_sys::program::Arguments;

use crate::log::Form;
use crate::text::number;

/// What becomes of the process's standard input.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// `/dev/null`.
    None,
    /// Open as long as the process lives, whoever attaches and leaves.
    Open,
    /// Closed when the first client that sends input ends it, or leaves.
    Once,
}

/// What the shim is told.
pub struct Options {
    /// Its folder.
    pub dir: &'static CStr,
    /// Where the exit is recorded.
    pub exit_file: &'static CStr,
    /// Goes into the record.
    pub start_id: &'static CStr,
    /// Whether the process has a terminal.
    pub tty: bool,
    /// Its standard input.
    pub input: Input,
    /// Where the output is logged.
    pub log: Option<&'static CStr>,
    /// How it is logged.
    pub log_form: Form,
    /// Bytes at which a new log file is begun; 0 is never.
    pub log_size: u64,
    /// Log files that are kept.
    pub log_files: u64,
    /// Milliseconds that a client may take nothing of what it is sent.
    pub patience: i64,
    /// All arguments; those of the runtime begin at [`Options::runtime`].
    pub arguments: Arguments,
    /// Index of the first argument of the runtime.
    pub runtime: usize,
}

/// Why a command line is refused: the argument.
pub type Refused = &'static CStr;

impl Options {
    /// Reads the command line.
    pub fn parse(arguments: Arguments) -> Result<Self, Refused> {
        let mut options = Self {
            dir: c"",
            exit_file: c"",
            start_id: c"",
            tty: false,
            input: Input::None,
            log: None,
            log_form: Form::JsonFile,
            log_size: 0,
            log_files: 1,
            patience: 0,
            arguments,
            runtime: 0,
        };
        let mut index = 1;
        while let Some(argument) = arguments.get(index) {
            index += 1;
            match argument.to_bytes() {
                b"--" => {
                    options.runtime = index;
                    return options.complete();
                }
                b"--tty" => options.tty = true,
                name => {
                    options.set(name, arguments.get(index).ok_or(argument)?).ok_or(argument)?;
                    index += 1;
                }
            }
        }
        Err(c"--")
    }

    fn set(&mut self, name: &[u8], value: &'static CStr) -> Option<()> {
        match name {
            b"--dir" => self.dir = value,
            b"--exit-file" => self.exit_file = value,
            b"--start-id" => self.start_id = value,
            b"--stdin" => self.input = input(value)?,
            b"--log" => self.log = Some(value),
            b"--log-form" => self.log_form = form(value)?,
            b"--log-size" => self.log_size = number(value.to_bytes())?,
            b"--patience" => self.patience = i64::from(u32::try_from(number(value.to_bytes())?).ok()?),
            #[cfg(feature = "failpoints")]
            b"--failpoint" => knarr_sys::failpoint::choose(value),
            b"--log-files" => self.log_files = number(value.to_bytes()).filter(|n| (1..=1000).contains(n))?,
            _ => return None,
        }
        Some(())
    }

    fn complete(self) -> Result<Self, Refused> {
        for (value, name) in [(self.dir, c"--dir"), (self.exit_file, c"--exit-file"), (self.start_id, c"--start-id")] {
            if value.is_empty() {
                return Err(name);
            }
        }
        if self.patience == 0 {
            return Err(c"--patience");
        }
        if self.arguments.get(self.runtime).is_none() { Err(c"--") } else { Ok(self) }
    }
}

fn form(value: &CStr) -> Option<Form> {
    match value.to_bytes() {
        b"json-file" => Some(Form::JsonFile),
        b"local" => Some(Form::Local),
        _ => None,
    }
}

fn input(value: &CStr) -> Option<Input> {
    match value.to_bytes() {
        b"none" => Some(Input::None),
        b"open" => Some(Input::Open),
        b"once" => Some(Input::Once),
        _ => None,
    }
}
