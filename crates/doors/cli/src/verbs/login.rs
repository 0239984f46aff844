//! `login`.

use std::io::{IsTerminal, Read, stdin};

use knarr_api::system::{AuthConfig, AuthResponse};

use crate::client::{Call, Client};
use crate::error::{Error, Result};
use crate::login::{ConfigFile, DOCKER_HUB, key_of};
use crate::output;
use crate::terminal::{ask, ask_secretly};

/// Log in to a registry
#[derive(Debug, clap::Args)]
#[command(override_usage = "[OPTIONS] [SERVER]")]
#[command(after_help = "Without a server it is Docker Hub. Credentials are kept as docker keeps them, in
$DOCKER_CONFIG/config.json (default ~/.docker/config.json), or by the credential helper named there.

Example:
  pass show registry | knarr login -u me --password-stdin registry.example:5000")]
pub(crate) struct Args {
    /// Password (others on this host can see it: prefer --password-stdin)
    #[arg(short, long, value_name = "TEXT")]
    password: Option<String>,
    /// Read the password from stdin
    #[arg(long)]
    password_stdin: bool,
    /// User
    #[arg(short, long, value_name = "NAME")]
    username: Option<String>,
    /// The registry
    server: Option<String>,
}

impl Args {
    pub(crate) async fn run(self, client: &Client) -> Result<u8> {
        let key = self.server.as_deref().map_or(DOCKER_HUB.to_owned(), key_of);
        let mut file = ConfigFile::load()?;
        let mut auth = self.credentials(&key, &file)?;
        let answer: AuthResponse = client.json(Call::post(&["auth"]).body(&auth)).await?;
        if !answer.identity_token.is_empty() {
            auth.password.clear();
            auth.identitytoken = answer.identity_token;
        }
        if file.store(&key, &auth)? {
            eprintln!(
                "WARNING! Your credentials are stored unencrypted in '{}'.\nConfigure a credential helper to remove this warning.",
                file.path().display()
            );
        }
        output::line(if answer.status.is_empty() { "Login Succeeded" } else { &answer.status })?;
        Ok(0)
    }

    fn credentials(&self, key: &str, file: &ConfigFile) -> Result<AuthConfig> {
        let known = file.credentials(key)?.unwrap_or_default();
        let unnamed = self.username.is_none() && self.password.is_none() && !self.password_stdin;
        if unnamed && !known.username.is_empty() {
            eprintln!("Authenticating with existing credentials...");
            return Ok(known);
        }
        let username = self.username()?;
        let password = self.password()?;
        if password.is_empty() {
            return Err(Error::invalid("password is empty"));
        }
        Ok(AuthConfig { username, password, serveraddress: key.to_owned(), ..AuthConfig::default() })
    }

    fn username(&self) -> Result<String> {
        let name = match &self.username {
            Some(name) => name.clone(),
            None if self.password_stdin => {
                return Err(Error::invalid("the --password-stdin option requires --username to be set"));
            }
            None if !stdin().is_terminal() => {
                return Err(Error::invalid("Error: Cannot perform an interactive login from a non TTY device"));
            }
            None => ask("Username: ")?,
        };
        if name.trim().is_empty() { Err(Error::invalid("username is empty")) } else { Ok(name.trim().to_owned()) }
    }

    fn password(&self) -> Result<String> {
        if self.password_stdin {
            if self.password.is_some() {
                return Err(Error::invalid("conflicting options: cannot specify both --password and --password-stdin"));
            }
            let mut text = String::new();
            stdin().lock().read_to_string(&mut text).map_err(|e| Error::io("read the password from stdin", e))?;
            return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
        }
        match &self.password {
            Some(password) => {
                eprintln!("WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
                Ok(password.clone())
            }
            None => ask_secretly("Password: "),
        }
    }
}
