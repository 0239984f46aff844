//! The context that all cases share.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// Files of every kind that a copy treats in its own way, all last changed in September 2001; archives with members of 2004.
const SCRIPT: &str = r#"set -eu
umask 022
mkdir -p "$0"; cd "$0"
echo alpha >a.txt; echo beta >b.txt; chmod 600 b.txt; chown 5:6 b.txt
printf '#!/bin/sh\necho hi\n' >exec.sh; chmod 4755 exec.sh
mkdir -p dir/sub/deep empty; echo one >dir/one; echo log >dir/two.log; echo three >dir/sub/three; echo four >dir/sub/deep/four
ln -s sub/three dir/inner; chmod 750 dir; chmod 1777 empty; chown 7:8 dir/sub
ln -s a.txt link; ln -s dir dirlink; ln -s nowhere dangling
echo space >'with space.txt'; echo bracket >'[x].txt'; echo hidden >.hidden; echo quote >"it's"
mkdir tree; ( cd tree; mkdir -m 700 in; echo tar >in/tar; ln -s tar in/soft; ln in/tar in/hard; chmod 2711 in/tar; chown -R 5:6 in
find . -exec touch -h -d @1100000000 {} + )
tar -C tree --sort=name -cf plain.tar in; rm -r tree
gzip -kn plain.tar; bzip2 -k plain.tar; xz -k plain.tar; zstd -q plain.tar
for kind in gz bz2 xz zst; do mv plain.tar.$kind packed.tar.$kind; done
echo 'no archive' >false.tar.gz; echo text | gzip -n >text.gz; : >nothing.tar
cp plain.tar archive-without-a-suffix
find . -exec touch -h -d @1000000000 {} +
"#;

/// Makes it in a new folder.
pub(super) fn make(folder: &Path) -> Result<()> {
    let output = Command::new("bash").args(["-c", SCRIPT]).arg(folder).output()?;
    if !output.status.success() {
        bail!("cannot make the context: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
