//! Exec sessions: `/containers/ID/exec` and `/exec/…`.

use crate::wire::{Words, is_default, wire};

wire! {
    /// `POST /containers/ID/exec`.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateRequest {
        /// `user[:group]`; empty: the container's.
        pub user: String,
        /// All capabilities.
        pub privileged: bool,
        /// Whether it has a terminal.
        pub tty: bool,
        /// Rows and columns of the terminal.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub console_size: Option<[u32; 2]>,
        /// Whether the client wants stdin.
        pub attach_stdin: bool,
        /// Whether it wants stderr.
        pub attach_stderr: bool,
        /// Whether it wants stdout.
        pub attach_stdout: bool,
        /// Keys that detach, `ctrl-p,ctrl-q`.
        #[serde(skip_serializing_if = "is_default")]
        pub detach_keys: String,
        /// `NAME=value`, over the container's.
        pub env: Vec<String>,
        /// Empty: the container's.
        pub working_dir: String,
        /// The command.
        pub cmd: Words,
    }

    /// The answer, 201.
    #[serde(rename_all = "PascalCase")]
    pub struct CreateResponse {
        /// The new session.
        pub id: String,
    }

    /// `POST /exec/ID/start`.
    #[serde(rename_all = "PascalCase")]
    pub struct StartRequest {
        /// Do not attach.
        pub detach: bool,
        /// Must be as at creation.
        pub tty: bool,
        /// Rows and columns of the terminal.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub console_size: Option<[u32; 2]>,
    }

    /// `GET /exec/ID/json`.
    #[serde(rename_all = "PascalCase")]
    pub struct Inspect {
        /// Whether it has ended.
        pub can_remove: bool,
        /// Its container.
        #[serde(rename = "ContainerID")]
        pub container_id: String,
        /// Keys that detach.
        pub detach_keys: String,
        /// None while it runs.
        pub exit_code: Option<i64>,
        /// Its own id.
        #[serde(rename = "ID")]
        pub id: String,
        /// Whether stderr is attached.
        pub open_stderr: bool,
        /// Whether stdin is attached.
        pub open_stdin: bool,
        /// Whether stdout is attached.
        pub open_stdout: bool,
        /// The command.
        pub process_config: ProcessConfig,
        /// Whether it runs.
        pub running: bool,
        /// Its process on the host.
        pub pid: i64,
    }

    /// The command of a session.
    pub struct ProcessConfig {
        /// The program.
        pub entrypoint: String,
        /// Its arguments.
        pub arguments: Vec<String>,
        /// All capabilities.
        pub privileged: bool,
        /// Whether it has a terminal.
        pub tty: bool,
        /// `user[:group]`.
        #[serde(skip_serializing_if = "is_default")]
        pub user: String,
    }
}
