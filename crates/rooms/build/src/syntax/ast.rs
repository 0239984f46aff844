//! A Dockerfile as data. Texts are as written: variables are expanded when a step's environment is known.

use super::Position;

/// A whole Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dockerfile {
    /// The file's name, for errors.
    pub name: String,
    /// The escape character: `\` or a backtick.
    pub escape: char,
    /// `ARG`s before the first `FROM`.
    pub globals: Vec<Global>,
    /// The stages in their order; never empty.
    pub stages: Vec<Stage>,
}

/// One `ARG` instruction before the first `FROM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Global {
    /// Where it stands.
    pub at: Position,
    /// The instruction in one line, as it is shown.
    pub text: String,
    /// What it declares.
    pub args: Vec<Arg>,
}

/// `FROM` and what follows up to the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Where its `FROM` stands.
    pub at: Position,
    /// The `FROM` in one line.
    pub text: String,
    /// An image, an earlier stage, or `scratch`.
    pub base: String,
    /// `--platform`.
    pub platform: Option<String>,
    /// `AS name`, in lower case.
    pub name: Option<String>,
    /// Its instructions.
    pub steps: Vec<Step>,
}

/// One instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Where it stands.
    pub at: Position,
    /// The instruction in one line, as it is shown and kept in the history.
    pub text: String,
    /// What it says.
    pub instruction: Instruction,
}

/// What an instruction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Instruction {
    /// `ADD`
    Add(Copy),
    /// `ARG`
    Arg(Vec<Arg>),
    /// `CMD`
    Cmd(Command),
    /// `COPY`
    Copy(Copy),
    /// `ENTRYPOINT`
    Entrypoint(Command),
    /// `ENV`
    Env(Vec<Pair>),
    /// `EXPOSE`: ports, port ranges and variables that hold several.
    Expose(Vec<String>),
    /// `HEALTHCHECK`
    Healthcheck(Healthcheck),
    /// `LABEL`
    Label(Vec<Pair>),
    /// `MAINTAINER`
    Maintainer(String),
    /// `ONBUILD`: the trigger's text, known to parse.
    OnBuild(String),
    /// `RUN`
    Run(Run),
    /// `SHELL`
    Shell(Vec<String>),
    /// `STOPSIGNAL`
    StopSignal(String),
    /// `USER`
    User(String),
    /// `VOLUME`
    Volume(Vec<String>),
    /// `WORKDIR`
    Workdir(String),
}

/// `NAME` or `NAME=default`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// The name.
    pub name: String,
    /// The default.
    pub default: Option<String>,
}

/// `NAME=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The name.
    pub name: String,
    /// The value.
    pub value: String,
}

/// The shell form or the exec form of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// A text for the stage's shell.
    Shell(String),
    /// A program and its arguments.
    Exec(Vec<String>),
}

/// `RUN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it runs. With here-documents the text holds them, for the shell to read.
    pub command: Command,
    /// A here-document that begins with `#!` and is the whole command: run as a program of its own.
    pub script: Option<Heredoc>,
    /// `--network`.
    pub network: RunNetwork,
}

/// `RUN --network`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RunNetwork {
    /// As the whole build.
    #[default]
    Default,
    /// No network.
    None,
    /// The host's.
    Host,
}

/// `COPY` and `ADD`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copy {
    /// Paths, patterns, and for `ADD` URLs.
    pub sources: Vec<String>,
    /// Files that stand in the Dockerfile itself.
    pub heredocs: Vec<Heredoc>,
    /// Where to.
    pub destination: String,
    /// `--from` (only `COPY`): a stage's name or number, or an image.
    pub from: Option<String>,
    /// `--chown=user[:group]`.
    pub chown: Option<String>,
    /// `--chmod`, octal.
    pub chmod: Option<String>,
    /// `--checksum` (only `ADD` of a URL).
    pub checksum: Option<String>,
    /// `--exclude` patterns.
    pub excludes: Vec<String>,
    /// `--parents`: keep the folders of the sources (only `COPY`).
    pub parents: bool,
}

/// `HEALTHCHECK`; times in nanoseconds, 0 means the engine's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// What to run; none for `HEALTHCHECK NONE`.
    pub command: Option<Command>,
    /// `--interval`
    pub interval: i64,
    /// `--timeout`
    pub timeout: i64,
    /// `--start-period`
    pub start_period: i64,
    /// `--start-interval`
    pub start_interval: i64,
    /// `--retries`
    pub retries: i64,
}

/// A here-document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heredoc {
    /// The word that ends it, without quotes; the file's name for `COPY` and `ADD`.
    pub name: String,
    /// The text; for `<<-` without leading tabs.
    pub content: String,
    /// Whether variables are expanded in it: its word was not quoted.
    pub expand: bool,
    /// The redirection as it is written, for the shell of `RUN`.
    pub(crate) word: String,
}
