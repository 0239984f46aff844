//! The main job, step by step: build, ship, run. The demo tells it, the end-to-end tests assert it, with either client.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{Client, Host, Ledger, Registry, Running, base, wait_for};

/// Which command line drives the walk.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum With {
    /// Our own.
    Knarr,
    /// The unmodified `docker`.
    Docker,
}

/// Two hosts and a registry.
struct Walk<'a> {
    registry: Registry,
    a: Host,
    b: Host,
    with: With,
    say: &'a dyn Fn(&str),
}

const PAGE: &str = "<h1>built, shipped, run</h1>\n";

/// Walks the whole way. `say` is told what happens.
pub fn walk(with: With, say: &dyn Fn(&str)) -> Result<()> {
    let before = Ledger::count();
    let walk = Walk { registry: Registry::start()?, a: Host::start()?, b: Host::start()?, with, say };
    let mut walk = walk.ship()?;
    walk.run()?;
    walk.life()?;
    walk.change_and_commit()?;
    walk.crash()?;
    walk.finish()?;
    Ledger::must_settle_to(&before, Ledger::count)?;
    say("nothing is left: mounts, namespaces, links, rules, cgroups and processes are as before");
    Ok(())
}

impl Walk<'_> {
    fn client(&self, host: &Host) -> Client {
        match self.with {
            With::Knarr => host.knarr(),
            With::Docker => host.docker(),
        }
    }

    fn on_a(&self) -> Client {
        self.client(&self.a)
    }

    fn on_b(&self) -> Client {
        self.client(&self.b)
    }

    /// Steps 1 to 4 up to the pull: the base, the build, the push of the difference, the pull of the difference.
    fn ship(self) -> Result<Self> {
        self.base_image()?;
        self.build()?;
        self.push_difference()?;
        self.pull_difference()?;
        Ok(self)
    }

    fn base_image(&self) -> Result<()> {
        (self.say)(
            "1. a Debian base image, made from Debian's packages, is imported on host A and pushed to the registry",
        );
        let image = self.registry.image("debian");
        let tar = base::debian()?;
        self.on_a().ok(&["import", &tar.to_string_lossy(), &image])?;
        self.on_a().ok(&["push", &image])?;
        self.on_a().ok(&["rmi", &image])?;
        ensure!(self.on_a().ok(&["images", "-q"])?.is_empty(), "host A still has images");
        Ok(())
    }

    fn build(&self) -> Result<()> {
        (self.say)("2. host A builds `web` from a Dockerfile; its base is pulled because it is not there");
        let context = self.a.path().join("web");
        fs::create_dir_all(context.join("page"))?;
        fs::write(context.join("page/index.html"), PAGE)?;
        fs::write(context.join("site.conf"), "server { listen 80 default_server; root /srv/page; }\n")?;
        fs::write(context.join(".dockerignore"), "secret\n")?;
        fs::write(context.join("secret"), "never sent\n")?;
        let from = self.registry.image("debian");
        let dockerfile = format!(
            "FROM {from}\n\
             RUN apt-get update && apt-get install -y nginx\n\
             COPY . /srv\n\
             COPY site.conf /etc/nginx/sites-available/default\n\
             EXPOSE 80\n\
             CMD [\"nginx\", \"-g\", \"daemon off;\"]\n"
        );
        fs::write(context.join("Dockerfile"), dockerfile)?;
        let image = self.registry.image("web");
        self.on_a().ok(&["build", "-t", &image, &context.to_string_lossy()])?;
        let again = self.on_a().ok(&["build", "-t", &image, &context.to_string_lossy()])?;
        ensure!(again.contains("Using cache"), "an unchanged build is not taken from the cache:\n{again}");
        let secret = self.on_a().run(&["run", "--rm", &image, "cat", "/srv/secret"])?;
        ensure!(secret.code == 1, "an ignored file reached the image");
        Ok(())
    }

    fn push_difference(&self) -> Result<()> {
        let before = self.registry.stored_bytes()?;
        let pushed = self.on_a().ok(&["push", &self.registry.image("web")])?;
        let sent = self.registry.stored_bytes()? - before;
        let base = self.registry.blobs("debian", "latest")?;
        let own: u64 =
            self.registry.blobs("web", "latest")?.iter().filter(|(d, _)| !base.contains_key(*d)).map(|(_, n)| n).sum();
        let own = own + self.registry.blobs("web", "latest")?["manifest"];
        ensure!(sent == own, "the push stored {sent} bytes, the difference is {own}");
        ensure!(
            pushed.contains("Mounted from") || pushed.contains("Layer already exists"),
            "the base was sent again:\n{pushed}"
        );
        (self.say)(&format!(
            "3. A pushes `web`: {} of new layers travel, the base of {} does not",
            mib(sent),
            mib(before)
        ));
        Ok(())
    }

    fn pull_difference(&self) -> Result<()> {
        self.on_b().ok(&["pull", &self.registry.image("debian")])?;
        let pulled = self.on_b().ok(&["pull", &self.registry.image("web")])?;
        ensure!(pulled.contains("Already exists"), "the base was fetched again:\n{pulled}");
        (self.say)("4. host B, which has the base, pulls `web`: only the difference is fetched");
        Ok(())
    }

    /// Step 4: isolated, limited, answering.
    fn run(&self) -> Result<()> {
        let b = self.on_b();
        let web = self.registry.image("web");
        b.ok(&[
            "run",
            "-d",
            "--name",
            "web",
            "-p",
            "127.0.0.1:0:80",
            "-v",
            "data:/data",
            "-m",
            "128m",
            "--pids-limit",
            "50",
            &web,
        ])?;
        (self.say)(&format!("   it runs there and answers on {}", self.answers(&b)?));
        ensure!(b.ok(&["exec", "web", "cat", "/sys/fs/cgroup/pids/pids.max"])? == "50", "the pids limit does not hold");
        let memory = b.ok(&["inspect", "-f", "{{.HostConfig.Memory}}", "web"])?;
        ensure!(memory == "134217728", "the memory limit is {memory}");
        b.ok(&["exec", "web", "sh", "-c", "echo kept > /data/kept"])?;
        self.logs_follow(&b)?;
        let stats = b.ok(&["stats", "--no-stream", "--format", "{{.MemUsage}} {{.PIDs}}", "web"])?;
        ensure!(stats.contains("128MiB"), "stats does not know the limit: {stats}");
        ensure!(b.ok(&["top", "web"])?.contains("nginx: worker"), "top does not show the workers");
        self.copy(&b)?;
        self.limit_kills(&b)
    }

    fn answers(&self, client: &Client) -> Result<String> {
        let published = client.ok(&["port", "web", "80/tcp"])?;
        let address = published.lines().next().context("no published port")?.to_owned();
        wait_for("the page is answered", Duration::from_secs(20), || curl(&address).is_ok_and(|page| page == PAGE))?;
        Ok(address)
    }

    /// A line that the container writes arrives at a client that follows.
    fn logs_follow(&self, client: &Client) -> Result<()> {
        let mut command = client.command(&["logs", "-f", "--tail", "0", "web"]);
        let mut follower = Running::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let mut lines = BufReader::new(follower.stdout().context("piped")?).lines();
        client.ok(&[
            "exec",
            "web",
            "sh",
            "-c",
            "echo hello from inside > /proc/1/fd/1; sleep 0.2; echo again > /proc/1/fd/1",
        ])?;
        let line = lines.next().context("the follower ended")??;
        ensure!(line == "hello from inside" || line == "again", "an unexpected line: {line}");
        follower.kill()
    }

    fn copy(&self, client: &Client) -> Result<()> {
        let target = self.b.path().join("copied.html");
        client.ok(&["cp", "web:/srv/page/index.html", &target.to_string_lossy()])?;
        ensure!(fs::read_to_string(&target)? == PAGE, "cp brought something else");
        fs::write(&target, "copied in\n")?;
        client.ok(&["cp", &target.to_string_lossy(), "web:/srv/page/copied.html"])?;
        ensure!(client.ok(&["exec", "web", "cat", "/srv/page/copied.html"])? == "copied in", "cp did not arrive");
        Ok(())
    }

    /// A process that takes more memory than it may is killed, and it is told.
    fn limit_kills(&self, client: &Client) -> Result<()> {
        let web = self.registry.image("web");
        let eat = [
            "run",
            "--name",
            "eater",
            "-m",
            "16m",
            "--memory-swap",
            "16m",
            &web,
            "sh",
            "-c",
            "head -c 200m /dev/zero | tail",
        ];
        let ended = client.run(&eat)?;
        ensure!(ended.code == 137, "the eater ended with {}", ended.code);
        let killed = client.ok(&["inspect", "-f", "{{.State.OOMKilled}}", "eater"])?;
        ensure!(killed == "true", "the OOM kill is not reported");
        client.ok(&["rm", "eater"])?;
        Ok(())
    }

    /// Step 5: stop, start, kill, rm; the volume stays.
    fn life(&mut self) -> Result<()> {
        let b = self.on_b();
        b.ok(&["stop", "web"])?;
        ensure!(b.ok(&["inspect", "-f", "{{.State.Status}}", "web"])? == "exited", "stop did not stop");
        b.ok(&["start", "web"])?;
        self.answers(&b)?;
        b.ok(&["kill", "web"])?;
        b.ok(&["rm", "web"])?;
        let web = self.registry.image("web");
        let kept = b.ok(&["run", "--rm", "-v", "data:/data", &web, "cat", "/data/kept"])?;
        ensure!(kept == "kept", "the volume lost its data");
        (self.say)("5. stopped, started, killed, removed; the volume's data is there in a new container");
        Ok(())
    }

    /// Step 6.
    fn change_and_commit(&self) -> Result<()> {
        let b = self.on_b();
        let web = self.registry.image("web");
        b.ok(&["run", "-d", "--name", "web", "-p", "127.0.0.1:0:80", "-v", "data:/data", &web])?;
        b.ok(&["exec", "web", "sh", "-c", "echo changed by hand > /srv/page/hand.html"])?;
        ensure!(b.ok(&["diff", "web"])?.contains("A /srv/page/hand.html"), "diff does not show the change");
        b.ok(&["commit", "web", "web:changed"])?;
        let shown = b.ok(&["run", "--rm", "web:changed", "cat", "/srv/page/hand.html"])?;
        ensure!(shown == "changed by hand", "the committed image does not show the change");
        (self.say)("6. changed by hand, committed; the new image runs and shows the change");
        Ok(())
    }

    /// Step 7: both daemons die in the middle; nobody outside notices.
    fn crash(&mut self) -> Result<()> {
        let b = self.on_b();
        let address = self.answers(&b)?;
        let started = b.ok(&["inspect", "-f", "{{.State.StartedAt}} {{.State.Pid}}", "web"])?;
        self.a.kill_daemon()?;
        self.b.kill_daemon()?;
        ensure!(curl(&address)? == PAGE, "the container stopped answering when the daemons died");
        self.a.resume()?;
        self.b.resume()?;
        ensure!(curl(&address)? == PAGE, "the container stopped answering when the daemons came back");
        let found = b.ok(&["inspect", "-f", "{{.State.StartedAt}} {{.State.Pid}}", "web"])?;
        ensure!(found == started, "the container is not found as it was: {started} / {found}");
        ensure!(b.ok(&["exec", "web", "echo", "here"])? == "here", "exec does not work after the restart");
        b.ok(&["stop", "web"])?;
        let code = b.ok(&["inspect", "-f", "{{.State.ExitCode}}", "web"])?;
        ensure!(code == "0", "nginx ended with {code}");
        (self.say)("7. both daemons were killed with -9 and came back: the container never stopped answering");
        Ok(())
    }

    fn finish(self) -> Result<()> {
        self.on_b().ok(&["rm", "web"])?;
        self.on_b().ok(&["volume", "rm", "data"])?;
        (self.say)(&format!(
            "idle after all this, resident: daemon A {}, daemon B {}",
            mib(self.a.resident()?),
            mib(self.b.resident()?)
        ));
        self.a.finish()?;
        self.b.finish()
    }
}

/// What `curl` gets from an address.
pub fn curl(address: &str) -> Result<String> {
    let output = Command::new("curl").args(["-sS", "--max-time", "5", &format!("http://{address}/")]).output()?;
    if !output.status.success() {
        bail!("curl {address}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// Imports busybox under `name`, with the command that the published image has.
pub fn import_busybox(client: &Client, name: &str) -> Result<()> {
    let tar = base::busybox()?;
    let path: &Path = &tar;
    client.ok(&["import", "--change", r#"CMD ["sh"]"#, &path.to_string_lossy(), name]).map(drop)
}
