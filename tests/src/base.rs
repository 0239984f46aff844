//! Base images, made from the distribution's own packages and kept in a cache outside the checkout.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// Where made images are kept between runs.
fn cache() -> Result<PathBuf> {
    let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let folder = base.or_else(home).unwrap_or_else(|| "/var/cache".into()).join("knarr/images");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// A root file system tar of busybox: a shell, the usual programs, root in passwd.
pub fn busybox() -> Result<PathBuf> {
    cached("busybox.tar", |target| {
        let tree = tempfile::tempdir()?;
        let script = "set -e; cd \"$0\"; mkdir -p bin etc proc sys dev tmp root var usr/bin home
            cp \"$(command -v busybox)\" bin/busybox
            for a in $(bin/busybox --list); do [ -e bin/$a ] || ln -s busybox bin/$a; done
            echo 'root:x:0:0:root:/root:/bin/sh' >etc/passwd; echo 'nobody:x:65534:65534:nobody:/:/bin/false' >>etc/passwd
            echo 'root:x:0:' >etc/group; echo 'nogroup:x:65534:' >>etc/group; chmod 1777 tmp
            tar --owner=0 --group=0 --sort=name --mtime=@0 -cf \"$1\" .";
        run(Command::new("sh").args(["-c", script]).arg(tree.path()).arg(target))
    })
}

/// [`busybox`] as an archive that `ctr images import` and `docker load` take, under the name `image`.
pub fn busybox_archive(image: &str) -> Result<PathBuf> {
    let layer = busybox()?;
    cached(&format!("busybox-{}.archive.tar", image.replace(['/', ':'], "_")), |target| {
        let tree = tempfile::tempdir()?;
        let script = "set -e; cd \"$0\"; cp \"$2\" layer.tar; digest=$(sha256sum layer.tar | cut -d' ' -f1)
            config='\"config\":{\"Env\":[\"PATH=/usr/bin:/bin\"],\"Cmd\":[\"sh\"]},\"architecture\":\"amd64\",\"os\":\"linux\"'
            echo \"{$config,\\\"rootfs\\\":{\\\"type\\\":\\\"layers\\\",\\\"diff_ids\\\":[\\\"sha256:$digest\\\"]}}\" >config.json
            echo \"[{\\\"Config\\\":\\\"config.json\\\",\\\"RepoTags\\\":[\\\"$3\\\"],\\\"Layers\\\":[\\\"layer.tar\\\"]}]\" >manifest.json
            tar -cf \"$1\" manifest.json config.json layer.tar";
        run(Command::new("sh").args(["-c", script]).arg(tree.path()).arg(target).arg(&layer).arg(image))
    })
}

/// A minimal Debian (or Ubuntu, on Ubuntu) of the machine's own release, by mmdebstrap.
pub fn debian() -> Result<PathBuf> {
    let release = std::fs::read_to_string("/etc/os-release")?;
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    let suite = suite.context("/etc/os-release has no VERSION_CODENAME")?.trim_matches('"');
    cached(&format!("{suite}.tar"), |target| {
        let mut command = Command::new("mmdebstrap");
        command.args(["--quiet", "--variant=minbase", "--mode=root", "--format=tar", suite]).arg(target);
        run(&mut command)
    })
}

fn cached(name: &str, make: impl FnOnce(&Path) -> Result<()>) -> Result<PathBuf> {
    let target = cache()?.join(name);
    if !target.is_file() {
        let partial = target.with_extension(format!("{}.partial", std::process::id()));
        make(&partial)?;
        std::fs::rename(&partial, &target)?;
    }
    Ok(target)
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
