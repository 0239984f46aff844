//! The virtual machine.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::kernel::Kernel;
use crate::shell;

const MEMORY: &str = "1536M";
/// After which it is ended: it takes a few minutes.
const LIMIT: &str = "900";
/// What the guest says at its end when every test passed.
const PASSED: &str = "vm: passed";

/// Boots, shows the console, and says whether the guest said that all is well.
pub fn boot(kernel: &Kernel, plan: &Path) -> Result<bool> {
    let socket = plan.with_file_name(format!("root.{}.sock", std::process::id()));
    let _root = Served::start(&socket)?;
    let mut machine = qemu(kernel, plan, &socket)?;
    eprintln!("+ qemu-system-x86_64 (Debian's kernel, cgroup version 2 alone)");
    let mut child = machine.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot start qemu")?;
    let mut passed = false;
    for line in BufReader::new(child.stdout.take().context("qemu has no console")?).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).trim_end().to_owned();
        passed |= line == PASSED;
        eprintln!("  {line}");
    }
    Ok(child.wait()?.success() && passed)
}

fn qemu(kernel: &Kernel, plan: &Path, socket: &Path) -> Result<Command> {
    let guest = shell::root().join("xtask/src/vm/guest.sh");
    let line = format!(
        "console=ttyS0 loglevel=1 panic=-1 mitigations=off security=apparmor root=root rootfstype=virtiofs ro init={} plan={}",
        guest.display(),
        plan.display()
    );
    let mut command = Command::new("timeout");
    command.args(["--kill-after=10", LIMIT, "qemu-system-x86_64"]);
    command.args(["-accel", "tcg,thread=multi", "-cpu", "max,cx16=off", "-smp", "2", "-m", MEMORY]);
    command.args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-serial", "stdio"]);
    command.args(["-object", &format!("memory-backend-memfd,id=memory,size={MEMORY},share=on")]);
    command.args(["-numa", "node,memdev=memory"]);
    command.args(["-chardev", &format!("socket,id=root,path={}", socket.display())]);
    command.args(["-device", "vhost-user-fs-pci,chardev=root,tag=root"]);
    command.args(["-blockdev", "driver=null-co,node-name=disk,size=16777216,read-zeroes=on"]);
    command.args(["-device", "virtio-blk-pci,drive=disk"]);
    command.arg("-kernel").arg(kernel.image()?).args(["-append", &line]);
    Ok(command)
}

/// This machine's root, served to the guest; ended when the guest is done with it.
struct Served {
    child: Child,
    socket: PathBuf,
}

impl Served {
    /// Starts it, and waits until its socket is there.
    fn start(socket: &Path) -> Result<Self> {
        let program = shell::find("virtiofsd").context("virtiofsd is not installed")?;
        let path = socket.with_file_name("virtiofsd.log");
        let log = std::fs::File::create(&path)?;
        let mut command = Command::new(program);
        command.arg(format!("--socket-path={}", socket.display())).arg("--rlimit-nofile=0");
        command.args(["-o", "source=/", "-o", "cache=always", "-o", "sandbox=chroot"]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().context("cannot start virtiofsd")?;
        let mut served = Self { child, socket: socket.to_owned() };
        while !socket.exists() {
            if let Some(status) = served.child.try_wait()? {
                bail!("virtiofsd ended with {status}: {} tells why", path.display());
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        Ok(served)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}
